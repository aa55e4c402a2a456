"""What a person can do with an account: one file per use case; knows neither HTTP nor GraphQL."""
