"""The client's address: taken from trusted proxies only."""

import pytest

from app.web.http.client_address import client_address


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "trusted", "expected"),
    [
        ("192.0.2.9", "", 0, "192.0.2.9"),
        ("192.0.2.9", "198.51.100.1", 0, "192.0.2.9"),
        ("192.0.2.9", "", 2, "192.0.2.9"),
        ("192.0.2.9", "198.51.100.1", 1, "198.51.100.1"),
        ("192.0.2.9", "203.0.113.7, 198.51.100.1", 1, "198.51.100.1"),
        ("192.0.2.9", "203.0.113.7, 198.51.100.1", 2, "203.0.113.7"),
        ("192.0.2.9", "10.0.0.1,203.0.113.7 ,\t198.51.100.1", 2, "203.0.113.7"),
        ("192.0.2.9", "203.0.113.7", 3, "203.0.113.7"),  # fewer proxies than trusted
        ("192.0.2.9", "203.0.113.7, unknown", 2, "192.0.2.9"),
        ("192.0.2.9", "<script>, 198.51.100.1", 2, "198.51.100.1"),
        ("192.0.2.9", "203.0.113.7,,198.51.100.1", 3, "198.51.100.1"),
        ("192.0.2.9", "203.0.113.7,", 1, "192.0.2.9"),
        ("", "", 0, None),
        ("", "198.51.100.1", 1, "198.51.100.1"),
        ("a socket's path", "", 0, None),
    ],
)
def test_one_entry_for_each_trusted_proxy_is_used_from_the_right(
    peer: str, forwarded_for: str, trusted: int, expected: str | None
) -> None:
    assert client_address(peer, forwarded_for, trusted) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("203.0.113.7:5678", "203.0.113.7"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:80", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("203.0.113.7:", None),
        ("203.0.113.7:123456", None),
        ("[2001:db8::1]x", None),
        ("203.0.113.256", None),
        ("203.0.113.07", None),
        ("２03.0.113.7", None),
        ("203.0.113.7/32", None),
        ("3405803783", None),
        ("localhost", None),
        ("1" * 10_000, None),
    ],
)
def test_port_brackets_and_zone_are_removed_from_an_address(
    entry: str, expected: str | None
) -> None:
    assert client_address("192.0.2.9", entry, 1) == (expected or "192.0.2.9")
    assert client_address(entry, "", 0) == expected
