"""HTTP in and out: the endpoint, GraphiQL, health, request ids and logs."""
