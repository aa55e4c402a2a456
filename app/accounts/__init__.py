"""Use cases of accounts: one file each; independent of HTTP and GraphQL."""
