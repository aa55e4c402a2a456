"""What each mail says, found out when it is sent: to whom, and with which link."""

from typing import Any

from app.accounts.caller import Caller
from app.accounts.devices import device_of
from app.mail.links import page_url
from app.models.link import LinkKind, arm_link, find_live_link
from app.models.outgoing_mail import MailKind, OutgoingMailRecord
from app.models.user import UserRecord, find_by_email, find_by_id
from app.security.links import make_link_token

Values = dict[str, Any]


def describe_origin(caller: Caller) -> dict[str, str]:
    """What a notice keeps of whoever did it, for the owner to know them by."""
    return {name: value for name, value in caller.origin.items() if value}


def compose(mail: OutgoingMailRecord) -> Values | None:
    """What the template of a mail is filled with; None when there is nobody to write to.

    A mail with a link arms it here, so that the answer to a request for one can be the same
    whether the address has an account or not. Composed again, the mail is the same but for the
    time its link was signed at.
    """
    user = find_by_id(mail.user_id) if mail.user_id else find_by_email(mail.to)
    if user is None or (mail.kind in LINKS and not user.active):
        return None  # a notice is owed even of an account that was closed right afterwards
    told = {"full_name": user.full_name, "locale": mail.locale or user.locale}
    if mail.kind == MailKind.VERIFY_EMAIL.value and (user.email_verified or user.email != mail.to):
        return None
    if mail.kind in LINKS:
        link = _link(mail, user)
        return {**told, **link} if link else None
    return {**told, **_notice(mail)}


LINKS = {kind.name: kind for kind in LinkKind}


def _link(mail: OutgoingMailRecord, user: UserRecord) -> Values | None:
    kind = LINKS[mail.kind]
    if kind is LinkKind.CHANGE_EMAIL:
        link = find_live_link(kind, user)
        if link is None or str(link["id"]) != mail.details["link_id"] or find_by_email(mail.to):
            return None
        link_id = link["id"]
    else:
        link_id = mail.id
        if not arm_link(kind, user.id, link_id, mail.created_at):
            return None
    token = make_link_token(kind, user.id, link_id)
    return {
        "link": page_url(MailKind(mail.kind), token),
        "valid_hours": kind.hours,
        "new_email": mail.to if kind is LinkKind.CHANGE_EMAIL else None,
    }


def _notice(mail: OutgoingMailRecord) -> Values:
    return {
        "at": mail.created_at,
        "device": device_of(mail.details.get("user_agent")),
        "ip_address": mail.details.get("ip_address"),
        "new_email": mail.details.get("new_email"),
    }
