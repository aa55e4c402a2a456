"""The GraphQL contract. Resolvers translate, they decide nothing; `app.accounts` decides."""
