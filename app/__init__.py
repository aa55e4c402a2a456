"""The product: user accounts, their storage, authentication and HTTP interface.

README.md says what each package contains. pyproject.toml says which may import
which.
"""
