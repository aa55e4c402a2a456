"""The values of a mail's template, looked up when the mail is sent."""

from typing import Any

from app.accounts.caller import Caller
from app.accounts.devices import describe_device
from app.mail.links import build_page_url
from app.mail_kinds import MailKind
from app.models.link import LinkKind, activate_link, find_live_link
from app.models.outgoing_mail import OutgoingMailRecord
from app.models.user_records import UserRecord, find_by_email, find_by_id
from app.security.links import make_link_token

Values = dict[str, Any]
LINKS = {kind.name: kind for kind in LinkKind}


def describe_origin(caller: Caller) -> dict[str, str]:
    """Return the details of a notice: from which IP address and user agent the change was made."""
    return {name: value for name, value in caller.origin.items() if value}


def compose(mail: OutgoingMailRecord) -> Values | None:
    """Return the values for the template of a mail; None when there is nothing to send.

    A mail with a link activates the link here, and not when the mail is requested: the answer to
    that request then takes the same time whether or not the address has an account. Composing a
    mail again gives the same values, except for the time at which the link was signed.

    Any other kind, known here or not, is a notice. Its values are full_name, locale, at, device,
    ip_address, new_email and every entry of the mail's details.
    """
    user = find_by_id(mail.user_id) if mail.user_id else find_by_email(mail.to)
    if user is None:
        return None
    values = {"full_name": user.full_name, "locale": mail.locale or user.locale}
    if mail.kind not in LINKS:  # notices go out even if the account was deactivated since
        return {**mail.details, **values, **_compose_notice(mail)}
    if not user.active or _is_verified_already(mail, user):
        return None
    link = _compose_link(mail, user)
    return {**values, **link} if link else None


def _is_verified_already(mail: OutgoingMailRecord, user: UserRecord) -> bool:
    is_about_verifying = mail.kind == MailKind.VERIFY_EMAIL.name
    return is_about_verifying and (user.email_verified or user.email != mail.to)


def _compose_link(mail: OutgoingMailRecord, user: UserRecord) -> Values | None:
    kind = LINKS[mail.kind]
    if kind is LinkKind.CHANGE_EMAIL:
        link = find_live_link(kind, user)
        if link is None or str(link["id"]) != mail.details["link_id"] or find_by_email(mail.to):
            return None
        link_id = link["id"]
    else:
        link_id = mail.id
        if not activate_link(kind, user.id, link_id, mail.created_at):
            return None
    token = make_link_token(kind, user.id, link_id)
    return {
        "link": build_page_url(MailKind[mail.kind], token),
        "valid_hours": kind.hours,
        "new_email": mail.to if kind is LinkKind.CHANGE_EMAIL else None,
    }


def _compose_notice(mail: OutgoingMailRecord) -> Values:
    return {
        "at": mail.created_at,
        "device": describe_device(mail.details.get("user_agent")),
        "ip_address": mail.details.get("ip_address"),
        "new_email": mail.details.get("new_email"),
    }
