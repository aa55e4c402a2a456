"""The content of mails: every kind in every language, complete and safe."""

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from itertools import product

import pytest
from bson import ObjectId
from jinja2 import UndefinedError
from markupsafe import escape

from app import config
from app.locales import LOCALES
from app.mail.links import build_page_url
from app.mail.rendering import render
from app.mail_kinds import MailKind
from app.models.outgoing_mail import OutgoingMailRecord

MAIL_ID = ObjectId("6b035c2c621c1e9180d1a2b3")
HOME = "https://app.example.com"
SENDER = Address("Contas & Cia.", addr_spec="contas@mail.example.com")
LINK = f"{HOME}/page?token=abc.def-123&x=1"
NAMED = {"full_name": "Ana D'Ávila"}
LINKED = {**NAMED, "link": LINK, "valid_hours": 24}
NOTICE = {
    **NAMED,
    "at": datetime(2026, 11, 2, 1, 5, tzinfo=UTC),
    "device": "Firefox, <b>Windows</b>",
    "ip_address": "2001:db8::7",
}
VALUES = {
    MailKind.VERIFY_EMAIL: LINKED,
    MailKind.RESET_PASSWORD: LINKED,
    MailKind.CHANGE_EMAIL: {**LINKED, "new_email": "nova&antiga@example.com"},
    MailKind.EMAIL_CHANGE_REQUESTED: {**NOTICE, "new_email": "nova&antiga@example.com"},
    MailKind.EMAIL_CHANGED: {**NOTICE, "new_email": "nova&antiga@example.com"},
    MailKind.PASSWORD_CHANGED: NOTICE,
    MailKind.ACCOUNT_EXISTS: NAMED,
}
SUBJECTS = {
    (MailKind.VERIFY_EMAIL, "pt-BR"): "Confirme seu e-mail",
    (MailKind.VERIFY_EMAIL, "en"): "Confirm your e-mail address",
    (MailKind.VERIFY_EMAIL, "es"): "Confirme su correo electrónico",
    (MailKind.RESET_PASSWORD, "pt-BR"): "Escolha uma nova senha",
    (MailKind.RESET_PASSWORD, "en"): "Choose a new password",
    (MailKind.RESET_PASSWORD, "es"): "Elija una nueva contraseña",
    (MailKind.CHANGE_EMAIL, "pt-BR"): "Confirme seu novo e-mail",
    (MailKind.CHANGE_EMAIL, "en"): "Confirm your new e-mail address",
    (MailKind.CHANGE_EMAIL, "es"): "Confirme su nuevo correo electrónico",
    (MailKind.EMAIL_CHANGE_REQUESTED, "pt-BR"): "Pedido de troca do seu e-mail",
    (MailKind.EMAIL_CHANGE_REQUESTED, "en"): "A new e-mail address for your account",
    (MailKind.EMAIL_CHANGE_REQUESTED, "es"): "Solicitud de cambio de su correo electrónico",
    (MailKind.EMAIL_CHANGED, "pt-BR"): "O e-mail da sua conta foi trocado",
    (MailKind.EMAIL_CHANGED, "en"): "The e-mail address of your account has changed",
    (MailKind.EMAIL_CHANGED, "es"): "Se cambió el correo electrónico de su cuenta",
    (MailKind.PASSWORD_CHANGED, "pt-BR"): "Sua senha foi trocada",
    (MailKind.PASSWORD_CHANGED, "en"): "Your password has changed",
    (MailKind.PASSWORD_CHANGED, "es"): "Se cambió la contraseña de su cuenta",
    (MailKind.ACCOUNT_EXISTS, "pt-BR"): "Você já tem uma conta",
    (MailKind.ACCOUNT_EXISTS, "en"): "You have an account already",
    (MailKind.ACCOUNT_EXISTS, "es"): "Usted ya tiene una cuenta",
}
EVERY = pytest.mark.parametrize(("kind", "locale"), list(product(MailKind, LOCALES)))


def render_letter(
    kind: MailKind, locale: str, to: str = "ana@example.com", **changes: object
) -> EmailMessage:
    """Return the message as it arrives, serialized and parsed again."""
    mail = OutgoingMailRecord({"_id": MAIL_ID, "kind": kind.value, "to": to})
    values = {**VALUES[kind], **changes}
    message = render(mail, values, locale=locale, sender=SENDER, home=HOME)
    return message_from_bytes(message.as_bytes(), policy=default)


def read_text(message: EmailMessage) -> str:
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def read_html(message: EmailMessage) -> str:
    return message.get_body(("html",)).get_content()


def test_every_kind_is_tested_in_every_language() -> None:
    assert {kind for kind, _ in SUBJECTS} == set(MailKind) == set(VALUES)
    assert SUBJECTS.keys() == set(product(MailKind, ("pt-BR", "en", "es")))


@pytest.mark.parametrize(("kind", "locale"), SUBJECTS)
def test_has_its_subject(kind: MailKind, locale: str) -> None:
    assert render_letter(kind, locale)["Subject"] == SUBJECTS[kind, locale]


@pytest.mark.parametrize(
    ("locale", "greeting"),
    [
        ("pt-BR", "Olá, Ana D'Ávila!"),
        ("en", "Hello, Ana D'Ávila!"),
        ("es", "Hola, Ana D'Ávila:"),
    ],
)
def test_greets_by_name(locale: str, greeting: str) -> None:
    message = render_letter(MailKind.VERIFY_EMAIL, locale)
    assert read_text(message).startswith(f"{greeting}\n\n")
    assert str(escape(greeting)) in read_html(message)


def test_formats_times_and_hours_for_the_language() -> None:
    for locale, moment, hour in (
        ("pt-BR", "01/11/2026 às 22:05 (UTC−3)", "1 hora"),
        ("en", "2 November 2026 at 01:05 UTC", "1 hour"),
        ("es", "2 de noviembre de 2026, 01:05 UTC", "1 hora"),
    ):
        assert moment in read_text(render_letter(MailKind.PASSWORD_CHANGED, locale))
        assert moment in read_html(render_letter(MailKind.PASSWORD_CHANGED, locale))
        for_an_hour = read_text(render_letter(MailKind.RESET_PASSWORD, locale, valid_hours=1))
        assert re.search(rf"\b{hour}\b", for_an_hour)


@EVERY
def test_has_its_headers(kind: MailKind, locale: str) -> None:
    message = render_letter(kind, locale)
    assert message["Subject"]
    assert message["Message-ID"] == "<6b035c2c621c1e9180d1a2b3@mail.example.com>"
    assert message["From"] == '"Contas & Cia." <contas@mail.example.com>'
    assert message["To"] == "ana@example.com"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == locale
    assert message["Date"].datetime.tzinfo is not None
    assert message.get_content_type() == "multipart/alternative"
    assert message.defects == []
    assert all(part.defects == [] for part in message.walk())


@EVERY
def test_the_text_has_every_value(kind: MailKind, locale: str) -> None:
    text, values = read_text(render_letter(kind, locale)), VALUES[kind]
    formats = LOCALES[locale].formats
    assert "Ana D'Ávila" in text.partition("\n\n")[0]
    assert text.endswith(f"\n\n-- \nContas & Cia.\n{HOME}\n")
    if "link" in values:
        assert f"\n\n{LINK}\n\n" in text
        assert formats.format_hours(24) in text
        for_an_hour = read_text(render_letter(kind, locale, valid_hours=1))
        assert re.search(rf"\b{re.escape(formats.format_hours(1))}\b", for_an_hour)
    if "at" in values:
        assert formats.format_moment(values["at"]) in text
        assert "Firefox, <b>Windows</b>\n" in text
        assert "2001:db8::7\n" in text
    if "new_email" in values:
        assert "nova&antiga@example.com" in text


@EVERY
def test_the_html_has_every_value_escaped(kind: MailKind, locale: str) -> None:
    html, values = read_html(render_letter(kind, locale)), VALUES[kind]
    formats = LOCALES[locale].formats
    assert f'<html lang="{locale}">' in html
    assert "Ana D&#39;Ávila" in html
    assert "Contas &amp; Cia." in html
    if "link" in values:
        assert html.count(f'href="{HOME}/page?token=abc.def-123&amp;x=1"') == 2
        assert formats.format_hours(24) in html
    if "at" in values:
        assert str(escape(formats.format_moment(values["at"]))) in html
        assert "Firefox, &lt;b&gt;Windows&lt;/b&gt;" in html
        assert "2001:db8::7" in html
    if "new_email" in values:
        assert "nova&amp;antiga@example.com" in html


@EVERY
def test_the_html_loads_no_resources_and_runs_no_scripts(kind: MailKind, locale: str) -> None:
    html = read_html(render_letter(kind, locale)).lower()
    assert all(word not in html for word in ("<img", "<script", "<link", "src=", "url(", "@import"))


@EVERY
def test_a_missing_value_is_an_error(kind: MailKind, locale: str) -> None:
    needed = {"link", "valid_hours", "at"} & VALUES[kind].keys()
    mail = OutgoingMailRecord({"_id": MAIL_ID, "kind": kind.value, "to": "ana@example.com"})
    for name in needed:
        values = {key: value for key, value in VALUES[kind].items() if key != name}
        with pytest.raises(UndefinedError, match=name):
            render(mail, values, locale=locale, sender=SENDER, home=HOME)


@pytest.mark.parametrize("locale", LOCALES)
def test_omits_unknown_facts_about_a_device(locale: str) -> None:
    text = read_text(render_letter(MailKind.PASSWORD_CHANGED, locale, device=None, ip_address=None))
    assert "None" not in text
    # the only remaining fact is the time
    assert (
        text.count(": ")
        == read_text(render_letter(MailKind.PASSWORD_CHANGED, locale)).count(": ") - 2
    )
    assert all(label not in text for label in ("Dispositivo", "Device", "IP"))


@pytest.mark.parametrize(
    "name",
    [
        "Ganhe dinheiro: https://golpe.example",
        "golpe.example",
        "www.golpe",
        "a@golpe.example",
        "<b>Ana</b>",
        "Ana / golpe",
        "Ana\u202eanA",
        "Ana\x00",
        "Você ganhou um prêmio " * 4,
    ],
)
def test_does_not_greet_with_a_suspicious_name(name: str) -> None:
    message = render_letter(MailKind.VERIFY_EMAIL, "pt-BR", full_name=name)
    assert read_text(message).startswith("Olá!\n\n")
    assert "golpe" not in read_html(message)


@pytest.mark.parametrize(
    "name", ["Ana", "J. R. R. Tolkien", "José Sá-Carneiro Jr.", "李小龙", "नरेन्द्र", "Conan O’Brien"]
)
def test_greets_people_with_unusual_names(name: str) -> None:
    text = read_text(render_letter(MailKind.VERIFY_EMAIL, "en", full_name=name))
    assert text.startswith(f"Hello, {name}!\n")


def test_no_value_adds_a_header() -> None:
    hostile = "Ana\r\nBcc: todos@example.com\r\n\r\nOi"
    message = render_letter(
        MailKind.EMAIL_CHANGED, "en", full_name=hostile, new_email=hostile, device=hostile
    )
    assert message["Bcc"] is None
    assert message["Subject"] == "The e-mail address of your account has changed"


@pytest.mark.parametrize("to", ["ana@example.com\r\nBcc: b@example.com", "ana\nb@example.com"])
def test_no_address_adds_a_header(to: str) -> None:
    with pytest.raises(ValueError, match="CR or LF"):
        render_letter(MailKind.ACCOUNT_EXISTS, "en", to=to)


def test_links_point_to_pages_of_the_front_end(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"FLASK_ENV": "development", "FRONTEND_URL": "https://app.example.com/conta/"}
    monkeypatch.setattr(config, "_current", config.load_settings(given))
    home = "https://app.example.com/conta"
    assert build_page_url(MailKind.VERIFY_EMAIL, "a.b-_c") == f"{home}/verify-email?token=a.b-_c"
    assert (
        build_page_url(MailKind.RESET_PASSWORD, "a&b=c#")
        == f"{home}/reset-password?token=a%26b%3Dc%23"
    )
    assert build_page_url(MailKind.CHANGE_EMAIL, "t") == f"{home}/confirm-email-change?token=t"
