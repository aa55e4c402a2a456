"""The client's address: the peer's, or what trusted proxies say of whom they speak for."""

import re
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

# "1.2.3.4:5678", "[::1]" and "[::1]:80": some proxies add the port
WITH_PORT = re.compile(r"\[([^\]]+)\](?::[0-9]{1,5})?|([^:]+):[0-9]{1,5}", re.ASCII)


@lru_cache(maxsize=256)
def client_address(peer: str, forwarded_for: str, trusted_proxies: int) -> str | None:
    """The address that a request came from, in its shortest form; None when it has none.

    Each proxy adds the address it was asked from at the right of X-Forwarded-For, so as many
    entries as there are trusted proxies are believed, from the right. What stands further left
    the client may have written. An entry that is no address ends the belief: the one before it,
    or the peer, is the answer.
    """
    address = _parsed(peer)
    entries = forwarded_for.split(",") if trusted_proxies and forwarded_for else []
    for entry in reversed(entries[-trusted_proxies:]):
        believed = _parsed(entry)
        if believed is None:
            break
        address = believed
    return address


def _parsed(text: str) -> str | None:
    """An address without port, brackets or zone; an IPv4 address mapped into IPv6 as IPv4."""
    text = text.strip(" \t")
    if match := WITH_PORT.fullmatch(text):
        text = match[1] or match[2]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # a zone means something on the proxy's own links alone
        return str(address.ipv4_mapped or IPv6Address(int(address)))
    return str(address)
