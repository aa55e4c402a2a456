"""Mail kinds of extensions: they are queued, composed and rendered like the built-in kinds."""

from email.headerregistry import Address
from enum import auto
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound
from mongoengine import ValidationError

from app.accounts.mail_content import compose
from app.locales import LOCALES, add_locales
from app.mail.rendering import render
from app.mail_kinds import MAIL_KINDS, AnyMailKind
from app.models.outgoing_mail import OutgoingMail, OutgoingMailRecord, enqueue_mail
from app.models.user import User
from tests.client import Client
from tests.factories import person


class Kind(AnyMailKind):
    """Mail kinds of an extension."""

    CARD_DECLINED = auto()


@pytest.fixture
def user(api: Client) -> User:
    """An account without the mail of its registration."""
    api.register(person(fullName="Ana Lima", locale="en"))
    OutgoingMail.objects.delete()
    return User.objects.get()


def enqueue(user: User, **details: str) -> OutgoingMailRecord:
    given = {"ip_address": "::1", **details}
    mail_id = enqueue_mail(Kind.CARD_DECLINED, to=user.email, user_id=user.id, details=given)
    return OutgoingMailRecord(OutgoingMail._get_collection().find_one({"_id": mail_id}))


def test_an_unknown_kind_is_refused(user: User) -> None:
    with pytest.raises(ValidationError, match="kind"):
        enqueue(user)
    assert OutgoingMail.objects.count() == 0


def test_an_added_kind_is_a_notice_with_all_its_details(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MAIL_KINDS, "CARD_DECLINED", Kind.CARD_DECLINED)
    mail = enqueue(user, card="1234", full_name="Eva", at="now", user_agent="x")
    assert mail.kind == "CARD_DECLINED"
    assert compose(mail) == {
        "full_name": user.full_name,
        "locale": "en",
        "at": mail.created_at,
        "device": None,
        "ip_address": "::1",
        "new_email": None,
        "card": "1234",
        "user_agent": "x",
    }


def test_its_templates_are_found_beside_the_built_in_ones(
    user: User, monkeypatch: pytest.MonkeyPatch, locale_package: Path
) -> None:
    monkeypatch.setitem(MAIL_KINDS, "CARD_DECLINED", Kind.CARD_DECLINED)
    mail = enqueue(user, card="1234 <5678>")
    sender, home = Address("Cards", addr_spec="cards@example.com"), "https://example.com"
    with pytest.raises(TemplateNotFound):
        render(mail, compose(mail), locale="en", sender=sender, home=home)
    folder = locale_package / "en" / "mail"
    folder.mkdir(parents=True)
    body = "{% block body %}Your card {{ card }}, {{ at | moment }}{% endblock %}"
    subject = "{% block subject %}Card declined{% endblock %}"
    (folder / "card_declined.txt").write_text('{% extends "layout.txt" %}' + subject + body)
    (folder / "card_declined.html").write_text('{% extends "layout.html" %}' + body)
    add_locales(locale_package.name)
    message = render(mail, compose(mail), locale="en", sender=sender, home=home)
    text, html = (part.get_content() for part in message.iter_parts())
    moment = LOCALES["en"].formats.format_moment(mail.created_at)
    assert message["Subject"] == "Card declined"
    assert text.startswith(f"Hello, {user.full_name}!\n\nYour card 1234 <5678>, {moment}\n")
    assert f"Your card 1234 &lt;5678&gt;, {moment}" in html
