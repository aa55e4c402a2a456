"""Pages and files beside the API: GraphiQL and the public signing keys."""
