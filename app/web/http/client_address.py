"""The client's address: the peer's, or the one that trusted proxies report."""

import re
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

# "1.2.3.4:5678", "[::1]" and "[::1]:80": some proxies add the port
WITH_PORT = re.compile(r"\[([^\]]+)\](?::[0-9]{1,5})?|([^:]+):[0-9]{1,5}", re.ASCII)


@lru_cache(maxsize=256)
def client_address(peer: str, forwarded_for: str, trusted_proxies: int) -> str | None:
    """Return the address that a request came from, in its shortest form; None without one.

    Each proxy appends the address of its client to X-Forwarded-For. So the last entries are
    trusted, as many as there are trusted proxies; the client may have written the others. An
    entry that is not an address ends the search: the entry after it, or the peer, is returned.
    """
    address = _parse_address(peer)
    entries = forwarded_for.split(",") if trusted_proxies and forwarded_for else []
    for entry in reversed(entries[-trusted_proxies:]):
        trusted = _parse_address(entry)
        if trusted is None:
            break
        address = trusted
    return address


def _parse_address(text: str) -> str | None:
    """Return an address without port, brackets or zone; one mapped into IPv6 as IPv4."""
    text = text.strip(" \t")
    if match := WITH_PORT.fullmatch(text):
        text = match[1] or match[2]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # a zone is only valid on the proxy's own machine
        return str(address.ipv4_mapped or IPv6Address(int(address)))
    return str(address)
