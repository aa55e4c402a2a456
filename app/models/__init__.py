"""Documents, their indexes, and atomic queries. Only this package uses MongoEngine."""
