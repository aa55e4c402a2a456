"""Leaving, and asking what is kept: the questions about all that is stored of one person."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from pymongo import ReturnDocument

from app.clock import now
from app.models.administrators import keep_one_administrator
from app.models.connection import database_query
from app.models.export_policy import export_document
from app.models.link import LinkKind, end_links
from app.models.outgoing_mail import OutgoingMail, mail_of, remove_mail
from app.models.queries import Stored, find_all
from app.models.security_event import SecurityEvent, all_events, forget_identity
from app.models.session import Session, remove_sessions_of
from app.models.transaction import current_session
from app.models.user import SIGNED_IN, User, UserRecord, find_by_id

MOST_SESSIONS = 1_000  # at most 100 are live; the others are what ended ones left
MOST_EVENTS = 10_000  # 10 MB at the very most, of the 16 MB that MongoDB answers at once
MOST_MAILS = 1_000


@database_query
def close_account(user_id: ObjectId, session_id: ObjectId | None = None) -> UserRecord | None:
    """Deactivate the account and end its sessions and links; returns it as it is now.

    None, and nothing is written, when it is gone or closed, or the session that asks, if one of its
    own does, is not live any more. Raises AccountError(LAST_ADMIN): see `keep_one_administrator`.
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
    """Remove a person from every collection; what happened to them stays, without who they were.

    To be asked within a transaction. Who opens a session or changes the account writes the account
    too, in the same transaction: so nothing can come to be of one that is being removed.
    False, and nothing is written, when it is gone, or the session that asks, if one of its own
    does, is not live any more. Raises AccountError(LAST_ADMIN): see `keep_one_administrator`.
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
def all_that_is_kept(user_id: ObjectId) -> dict[str, Any] | None:
    """What is stored of a person, as JSON tells of it; None when there is no such account.

    `cut` names the lists that are longer than what is told: the newest of them is.
    """
    user = find_by_id(user_id)
    if user is None:
        return None
    account = {"_id" if name == "id" else name: value for name, value in vars(user).items()}
    cut: list[str] = []
    sessions = _first("sessions", _sessions(user_id), MOST_SESSIONS, cut)
    events = _first("securityEvents", all_events(user_id, MOST_EVENTS + 1), MOST_EVENTS, cut)
    unsent = mail_of(user_id, user.email, MOST_MAILS + 1)
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
