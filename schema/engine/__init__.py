"""Runs GraphQL operations: documents, limits, execution and the presentation of errors.

The engine knows graphql-core, and Graphene only where it reads fields as Graphene's default
resolver does. It imports nothing else of this project: what a product adds is handed in by
`Options` (see options.py). import-linter checks this rule (pyproject.toml).
"""
