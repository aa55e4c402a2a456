"""Root queries: one file per use case, named as in app.accounts."""
