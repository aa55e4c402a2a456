"""Write mails: fill the templates of a language and build a message."""

import re
import unicodedata
from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.clock import now
from app.locales import Locale, find_locale
from app.models.outgoing_mail import OutgoingMailRecord

SHARED_TEMPLATES = Path(__file__).parent / "templates"
OPTIONAL_VALUES = {"device": None, "ip_address": None, "new_email": None}
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
    """Return the message to the address of `mail`, its templates filled with `values`.

    The templates are those of the language `locale` (a tag) whose name is the mail's kind in lower
    case. `home` is the address of the front end. Every message rendered from the same mail has the
    same Message-ID. No value gets into a header.
    Raises jinja2.UndefinedError for a value that the template needs and `values` lacks,
    jinja2.TemplateNotFound for a kind without templates.
    """
    language = find_locale(locale)
    context = {**OPTIONAL_VALUES, **values, "full_name": _check_name(values["full_name"])}
    context |= {"locale": language.tag, "home": home}
    context["service"] = sender.display_name or sender.domain
    templates, name = _load_templates(language), mail.kind.lower()
    subject, _, text = templates.get_template(f"{name}.txt").render(context).partition("\n")
    html = templates.get_template(f"{name}.html").render({**context, "subject": subject})
    message = _start_message(mail, sender, subject)
    message.set_content(text.strip() + "\n", cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = language.tag  # last, else it would go to the text part alone
    return message


def _start_message(mail: OutgoingMailRecord, sender: Address, subject: str) -> EmailMessage:
    message = EmailMessage(SMTP)
    message["Message-ID"] = f"<{mail.id}@{sender.domain}>"
    message["Date"] = format_datetime(now())
    message["From"] = sender
    local, _, domain = mail.to.rpartition("@")
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = subject
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic replies, please
    return message


def _check_name(name: str) -> str | None:
    """Return the name to greet by, or None for text that is not a person's name.

    Anybody can register the address of somebody else. Without this check they could use the name
    to send advertisements or links from our address.
    """
    words = " ".join(name.split())
    is_name = len(words) <= LONGEST_NAME and all(map(_may_be_in_name, words))
    return words if is_name and not WEB_ADDRESS.search(words) else None


def _may_be_in_name(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM" or character in " .'’-"


@lru_cache(maxsize=64)
def _load_templates(language: Locale) -> Environment:
    """Return the templates of a language; they extend and import those in app/mail/templates."""
    environment = Environment(
        loader=FileSystemLoader([*language.mail_folders, SHARED_TEMPLATES]),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = language.formats.format_moment
    environment.filters["hours"] = language.formats.format_hours
    return environment
