"""All data of one account: deactivate, delete, export."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from pymongo import ReturnDocument

from app.clock import now
from app.models.administrators import keep_one_administrator
from app.models.connection import database_query
from app.models.export_policy import export_document
from app.models.link import LinkKind, end_links
from app.models.outgoing_mail import OutgoingMail, find_unsent_mail, remove_mail
from app.models.queries import Stored, find_all
from app.models.security_event import SecurityEvent, find_events, forget_identity
from app.models.session import Session, remove_sessions_of
from app.models.transaction import current_session
from app.models.user import User
from app.models.user_records import SIGNED_IN, UserRecord, find_by_id

MOST_SESSIONS = 1_000  # at most 100 are live; the others are what ended ones left
MOST_EVENTS = 10_000  # 10 MB at the very most, of the 16 MB that MongoDB answers at once
MOST_MAILS = 1_000


@database_query
def close_account(user_id: ObjectId, session_id: ObjectId | None = None) -> UserRecord | None:
    """Deactivate the account, end its sessions and links, and return it.

    session_id: the session that asks, if it is one of the account's own.
    None, and nothing is written, if the account is deleted or inactive, or that session has ended.
    Raises AccountError(LAST_ADMIN): see `keep_one_administrator`.
    """
    closed = User._get_collection().find_one_and_update(
        {**_asking(user_id, session_id), "active": True},
        {"$set": {"active": False, "session_ids": [], "updated_at": now(), **end_links(*LinkKind)}},
        SIGNED_IN,
        return_document=ReturnDocument.AFTER,
        session=current_session(),
    )
    if closed:
        remove_sessions_of(user_id)
        keep_one_administrator({**closed, "active": True})
    return UserRecord.found(closed)


@database_query
def remove_account(user_id: ObjectId, session_id: ObjectId | None = None) -> bool:
    """Delete an account from every collection. Its security events stay, without personal data.

    Call it in a transaction. Opening a session and changing an account write the account in their
    transaction too, so nothing new can be stored about an account that is being deleted.
    session_id: the session that asks, if it is one of the account's own.
    False, and nothing is written, if the account is deleted, or that session has ended.
    Raises AccountError(LAST_ADMIN): see `keep_one_administrator`.
    """
    removed = User._get_collection().find_one_and_delete(
        _asking(user_id, session_id),
        {"email": True, "roles": True, "active": True},
        session=current_session(),
    )
    if removed:
        keep_one_administrator(removed)
        remove_sessions_of(user_id)
        remove_mail(user_id, [removed["email"]])
        forget_identity(user_id)
    return removed is not None


@database_query
def collect_personal_data(user_id: ObjectId) -> dict[str, Any] | None:
    """Return all exported data of an account as a JSON object; None if there is no such account.

    `cut` names the lists of which only the newest rows are returned.
    """
    user = find_by_id(user_id)
    if user is None:
        return None
    account = {"_id" if name == "id" else name: value for name, value in vars(user).items()}
    cut: list[str] = []
    sessions = _first("sessions", _sessions(user_id), MOST_SESSIONS, cut)
    events = _first("securityEvents", find_events(user_id, MOST_EVENTS + 1), MOST_EVENTS, cut)
    unsent = find_unsent_mail(user_id, user.email, MOST_MAILS + 1)
    mails = _first("pendingMail", unsent, MOST_MAILS, cut)
    return {
        "account": export_document(User, account),
        "sessions": [
            export_document(Session, session) | {"live": session["_id"] in user.session_ids}
            for session in sessions
        ],
        "securityEvents": [export_document(SecurityEvent, event) for event in events],
        "pendingMail": [export_document(OutgoingMail, mail) for mail in mails],
        "cut": cut,
    }


def _first(name: str, rows: Sequence[Stored], most: int, cut: list[str]) -> Sequence[Stored]:
    if len(rows) > most:
        cut.append(name)
    return rows[:most]


def _sessions(user_id: ObjectId) -> list[Stored]:
    secret = {"refresh_id": False}
    sessions, newest_first = Session._get_collection(), [("_id", -1)]
    where = {"user_id": user_id}
    return find_all(sessions, where, secret, sort=newest_first, limit=MOST_SESSIONS + 1)


def _asking(user_id: ObjectId, session_id: ObjectId | None) -> dict[str, Any]:
    own = {"active": True, "session_ids": session_id} if session_id else {}
    return {"_id": user_id, **own}
