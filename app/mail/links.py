"""Placeholder until the real one lands."""


def page_url(kind, token: str) -> str:
    """See the real one."""
    return f"http://localhost:3000/{kind.value}?token={token}"
