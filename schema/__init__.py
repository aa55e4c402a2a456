"""The GraphQL schema. Resolvers only translate; the use cases in `app.accounts` decide."""
