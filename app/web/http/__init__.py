"""HTTP: requests, responses, headers, the client's address and the GraphQL view."""
