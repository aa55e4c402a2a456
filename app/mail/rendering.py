"""What a mail says: its templates filled in, as a message that any mail program reads."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.clock import now
from app.models.outgoing_mail import OutgoingMailRecord

BRASILIA = timezone(timedelta(hours=-3))
SOMETIMES = {"device": None, "ip_address": None, "new_email": None}
LONGEST_NAME = 60
WEB_ADDRESS = re.compile(r"\.\w{2}")


def render(
    mail: OutgoingMailRecord,
    values: Mapping[str, Any],
    *,
    locale: str,
    sender: Address,
    home: str,
) -> EmailMessage:
    """The message that tells `values` to the address of the mail, in `locale`, pt-BR or en.

    Its Message-ID is that of every message rendered from this mail. None of `values` gets into a
    header. `home` is the front end's address. Raises jinja2.UndefinedError when the template wants
    a value that `values` lacks.
    """
    told = {**SOMETIMES, **values, "full_name": _name(values["full_name"])}
    told |= {"locale": locale, "service": sender.display_name or sender.domain, "home": home}
    template = f"{locale.replace('-', '_')}/{mail.kind.lower()}"
    subject, _, text = _TEMPLATES.get_template(f"{template}.txt").render(told).partition("\n")
    message = EmailMessage(SMTP)
    message["Message-ID"] = f"<{mail.id}@{sender.domain}>"
    message["Date"] = format_datetime(now())
    message["From"] = sender
    local, _, domain = mail.to.rpartition("@")
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = subject
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
    message.set_content(text.strip() + "\n", cte="quoted-printable")
    html = _TEMPLATES.get_template(f"{template}.html").render({**told, "subject": subject})
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = locale  # of both parts: before, it would have gone with one
    return message


def _name(name: str) -> str | None:
    """The name to greet by; None for what may not be one.

    Anybody can register a stranger's address, and would have us mail them his advertisement.
    """
    words = " ".join(name.split())
    is_name = len(words) <= LONGEST_NAME and all(map(_is_of_names, words))
    return words if is_name and not WEB_ADDRESS.search(words) else None


def _is_of_names(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM" or character in " .'’-"


def _moment(at: datetime, locale: str) -> str:
    if locale == "pt-BR":
        return f"{at.astimezone(BRASILIA):%d/%m/%Y às %H:%M} (UTC−3)"
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y at %H:%M} UTC"


def _hours(number: int, locale: str) -> str:
    word = "hora" if locale == "pt-BR" else "hour"
    return f"{number} {word}{'' if number == 1 else 's'}"


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"], default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {"moment": _moment, "hours": _hours}
