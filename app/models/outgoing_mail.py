"""The outbox: mail that a change owes somebody, kept until a mail server has accepted it."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from bson import ObjectId
from mongoengine import (
    DateTimeField,
    DictField,
    Document,
    EnumField,
    IntField,
    ObjectIdField,
    StringField,
)
from pymongo import ReturnDocument

from app.clock import now
from app.models.connection import database_query
from app.models.queries import Stored, find_all
from app.models.record import Record
from app.models.transaction import current_session
from app.validation.text import EMAIL_LENGTH

GIVEN_UP_KEPT = timedelta(days=30)


class MailKind(Enum):
    """What a mail is about; its templates have the same name in lower case."""

    VERIFY_EMAIL = "VERIFY_EMAIL"
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105  the name of a mail
    CHANGE_EMAIL = "CHANGE_EMAIL"
    EMAIL_CHANGE_REQUESTED = "EMAIL_CHANGE_REQUESTED"
    EMAIL_CHANGED = "EMAIL_CHANGED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105
    ACCOUNT_EXISTS = "ACCOUNT_EXISTS"


class OutgoingMail(Document):
    """A mail to be sent. Written through this document, read as OutgoingMailRecord."""

    id = ObjectIdField(
        primary_key=True,
        required=True,
        default=ObjectId,
        exported=False,  # it is its link's id, too
        help_text="Identifies the mail, in its Message-ID too.",
    )
    kind = EnumField(MailKind, required=True, exported=True, help_text="What it is about.")
    to = StringField(
        required=True, max_length=EMAIL_LENGTH, exported=True, help_text="The address it goes to."
    )
    user_id = ObjectIdField(
        exported=True, help_text="The account it is about, where the change knew one."
    )
    locale = StringField(
        max_length=5, exported=True, help_text="The language asked for, where there was one."
    )
    details = DictField(
        StringField(),
        exported=True,
        exported_keys=("ip_address", "user_agent", "new_email"),  # another may be a link's id
        help_text="What else its text says; never a secret, never a token.",
    )
    created_at = DateTimeField(required=True, exported=True, help_text="When the change was made.")
    due_at = DateTimeField(
        required=True, exported=True, help_text="When to try next; under a lease, its end."
    )
    attempts = IntField(
        required=True, default=0, exported=True, help_text="How many times it was taken up."
    )
    first_tried_at = DateTimeField(exported=True, help_text="When it was taken up first.")
    lease = ObjectIdField(
        exported=False, help_text="Who is delivering it: new whenever a worker takes it up."
    )
    gave_up_at = DateTimeField(exported=True, help_text="When trying ended; none while it goes on.")
    expires_at = DateTimeField(
        exported=True, help_text="When a mail that was given up is forgotten."
    )

    meta = {
        "collection": "outbox",
        "auto_create_index": False,
        "indexes": [
            ("gave_up_at", "due_at"),  # the next one to send
            ("gave_up_at", "created_at"),  # the one that waits longest
            "user_id",
            "to",
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


class OutgoingMailRecord(Record):
    """A mail as read; `kind` is the name of a MailKind."""

    id: ObjectId
    kind: str
    to: str
    user_id: ObjectId | None = None
    locale: str | None = None
    details: Mapping[str, str] = MappingProxyType({})
    created_at: datetime
    due_at: datetime
    attempts: int
    first_tried_at: datetime | None = None
    lease: ObjectId | None = None
    gave_up_at: datetime | None = None
    expires_at: datetime | None = None


class Waiting(NamedTuple):
    """The mail that is still to be sent: how much, and since when the oldest waits."""

    mails: int
    oldest_at: datetime | None


@database_query
def post(
    kind: MailKind,
    *,
    to: str,
    locale: str | None = None,
    user_id: ObjectId | None = None,
    details: Mapping[str, str] | None = None,
) -> ObjectId:
    """Owe somebody a mail, within the transaction that this thread is in, and say its id.

    Nothing is sent here: a worker writes and delivers it, or finds that there is nothing to say.
    `details` are kept as they are, so neither a secret nor a token may stand in them.
    """
    moment = now()
    mail = OutgoingMail(
        kind=kind,
        to=to,
        locale=locale,
        user_id=user_id,
        details=dict(details or {}),
        created_at=moment,
        due_at=moment,
    )
    mail.validate()
    OutgoingMail._get_collection().insert_one(mail.to_mongo(), session=current_session())
    return mail.id


@database_query
def lease_next(seconds: float) -> OutgoingMailRecord | None:
    """Take up the mail that is due longest, for `seconds`; None when none is due.

    One compare-and-swap, so that no two workers hold it. Afterwards it is due again: a worker that
    died leaves it to another.
    """
    moment = now()
    lease = {"lease": ObjectId(), "due_at": moment + timedelta(seconds=seconds)}
    return OutgoingMailRecord.found(
        OutgoingMail._get_collection().find_one_and_update(
            {"gave_up_at": None, "due_at": {"$lte": moment}},
            {"$set": lease, "$inc": {"attempts": 1}, "$min": {"first_tried_at": moment}},
            sort=[("due_at", 1)],
            return_document=ReturnDocument.AFTER,
        )
    )


@database_query
def extend_lease(mail: OutgoingMailRecord, seconds: float) -> bool:
    """Hold the mail for `seconds` from now. False when it is another's by now, or is gone."""
    return _write(mail, {"$set": {"due_at": now() + timedelta(seconds=seconds)}})


@database_query
def finish(mail: OutgoingMailRecord) -> bool:
    """Forget a mail that was sent, or had nothing to say. False when it is another's by now."""
    return OutgoingMail._get_collection().delete_one(_held(mail)).deleted_count == 1


@database_query
def postpone(mail: OutgoingMailRecord, seconds: float) -> bool:
    """Try again in `seconds`. False when it is another's by now, or is gone."""
    due_at = now() + timedelta(seconds=seconds)
    return _write(mail, {"$set": {"due_at": due_at}, "$unset": {"lease": ""}})


@database_query
def give_up(mail: OutgoingMailRecord) -> bool:
    """Try no more, and keep the mail for 30 days. False when it is another's by now, or is gone."""
    moment = now()
    end = {"gave_up_at": moment, "expires_at": moment + GIVEN_UP_KEPT}
    return _write(mail, {"$set": end, "$unset": {"lease": ""}})


@database_query
def remove_mail(user_id: ObjectId, addresses: Collection[str]) -> None:
    """Forget the mail about an account and the mail to these addresses, sent or not."""
    theirs = {"$or": [{"user_id": user_id}, {"to": {"$in": list(addresses)}}]}
    OutgoingMail._get_collection().delete_many(theirs, session=current_session())


@database_query
def mail_of(user_id: ObjectId, address: str, most: int) -> list[Stored]:
    """The newest `most` mails about an account that are not sent, as stored.

    `address` is its own: where a change knew no account, the mail to it is about this one.
    """
    theirs = {"$or": [{"user_id": user_id}, {"user_id": None, "to": address}]}
    return find_all(OutgoingMail._get_collection(), theirs, sort=[("_id", -1)], limit=most)


@database_query
def waiting() -> Waiting:
    """How much mail is still to be sent, and since when the oldest of it waits."""
    outbox, open_ = OutgoingMail._get_collection(), {"gave_up_at": None}
    oldest = find_all(outbox, open_, {"created_at": True}, sort=[("created_at", 1)], limit=1)
    return Waiting(outbox.count_documents(open_), oldest[0]["created_at"] if oldest else None)


def _held(mail: OutgoingMailRecord) -> dict[str, object]:
    return {"_id": mail.id, "lease": mail.lease, "gave_up_at": None}


def _write(mail: OutgoingMailRecord, change: Mapping[str, object]) -> bool:
    return OutgoingMail._get_collection().update_one(_held(mail), change).matched_count == 1
