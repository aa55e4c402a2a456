"""How operations run: documents, limits, execution and the presentation of errors."""
