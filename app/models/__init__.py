"""What we remember: documents, their indexes and their atomic questions. MongoEngine stops here."""
