"""The product: user accounts, their storage, authentication and HTTP interface.

README.md lists the packages. pyproject.toml says which may import which.
"""
