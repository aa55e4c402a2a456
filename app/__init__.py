"""The product: user accounts, their storage, authentication and HTTP interface.

The order of its packages, and which may import which, is in pyproject.toml (import-linter). README.md
says what each contains.
"""
