"""Formats of settings that are more than a number or a word: checks and parsers.

A function raises ValidationError. Its message never repeats the text, which may be a secret.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from email.headerregistry import Address
from keyword import iskeyword

from marshmallow import ValidationError
from marshmallow.fields import TimeDelta
from marshmallow.validate import Range, Regexp

from app.mail.senders import SENDERS, get_scheme

ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|http://\[::1\](:[0-9]{1,5})?", re.ASCII)
FRONTEND_URL = re.compile(
    r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[\w.~!$&'()*+,;=:@%/-]*)?",
    re.ASCII,
)
SENDER = re.compile(
    r"(?:(?P<name>[^<>\x00-\x1f\x7f]*)<)?"
    r"(?P<address>[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)"
    r"(?(name)>)",
    re.ASCII,
)

check_mongodb_uri = Regexp(r"mongodb(\+srv)?://.+", error="Not a mongodb:// address.")
check_http_url = Regexp(r"https?://[^\s/]+\S*$", error="Not an http:// address.")


def minutes(least: timedelta, most: timedelta) -> Callable[[str], timedelta]:
    """Return the parser of a number of minutes between `least` and `most`."""
    return TimeDelta(precision="minutes", validate=Range(least, most)).deserialize


def days(least: timedelta, most: timedelta) -> Callable[[str], timedelta]:
    """Return the parser of a number of days between `least` and `most`."""
    return TimeDelta(precision="days", validate=Range(least, most)).deserialize


def parse_origins(text: str) -> tuple[str, ...]:
    """Parse origins as browsers send them: https://host[:port], separated by commas."""
    origins = _split(text)
    if not all(ORIGIN.fullmatch(origin) for origin in origins):
        raise ValidationError("Not a list of origins such as https://app.example.com.")
    return origins


def parse_module_names(text: str) -> tuple[str, ...]:
    """Parse names of Python modules such as company.accounts, separated by commas."""
    names = _split(text)
    parts = [part for name in names for part in name.split(".")]
    if not all(part.isidentifier() and not iskeyword(part) for part in parts):
        raise ValidationError("Not a list of Python modules such as company.accounts.")
    return names


def check_smtp_url(text: str) -> None:
    """Check the address that mail is sent to. Its scheme chooses the sender, which knows the form.

    Raises ValidationError for an unknown scheme, another form, or a port above 65535.
    """
    known = SENDERS.get(get_scheme(text))
    if known is None:
        forms = dict.fromkeys(sender.URL_FORM for sender in SENDERS.values())
        raise ValidationError(f"Not {' or '.join(forms)}.")
    match = _match(known.URL, text, f"Not {known.URL_FORM}.")
    if int(match["port"] or 0) > 65535:
        raise ValidationError("Its port is not one: 1 to 65535.")


def parse_sender(text: str) -> Address:
    """Parse an e-mail address with or without a name: Contas <contas@example.com>."""
    match = _match(SENDER, text, "Not an address such as Contas <contas@example.com>.")
    name = (match["name"] or "").strip().strip('"')
    return Address(name, addr_spec=match["address"])


def parse_frontend_url(text: str) -> str:
    """Parse the front end's address; a slash at its end is removed."""
    _match(FRONTEND_URL, text, "Not an address such as https://app.example.com.")
    return text.rstrip("/")


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _match(pattern: re.Pattern[str], text: str, fault: str) -> re.Match[str]:
    match = pattern.fullmatch(text)
    if match is None:
        raise ValidationError(fault)
    return match
