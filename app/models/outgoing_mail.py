"""The outbox: mails to be sent, each kept until a mail server has accepted it."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from bson import ObjectId
from mongoengine import (
    DateTimeField,
    DictField,
    Document,
    IntField,
    ObjectIdField,
    StringField,
    ValidationError,
)
from pymongo import ReturnDocument

from app.clock import now
from app.locales import MAX_TAG_LENGTH
from app.mail_kinds import MAIL_KINDS, AnyMailKind
from app.models.connection import database_query
from app.models.queries import Stored, find_all
from app.models.record import Record
from app.models.transaction import current_session
from app.validation.text import EMAIL_LENGTH

GIVEN_UP_KEPT = timedelta(days=30)


def _check_kind(name: str) -> None:
    if name not in MAIL_KINDS:
        raise ValidationError("not a kind of mail")


class OutgoingMail(Document):
    """A mail to be sent. It is written through this document and read as OutgoingMailRecord."""

    id = ObjectIdField(
        primary_key=True,
        required=True,
        default=ObjectId,
        exported=False,  # it is its link's id, too
        help_text="Identifies the mail, in its Message-ID too.",
    )
    kind = StringField(
        required=True,
        validation=_check_kind,
        exported=True,
        help_text="What it is about: a name in MAIL_KINDS.",
    )
    to = StringField(
        required=True, max_length=EMAIL_LENGTH, exported=True, help_text="The address it goes to."
    )
    user_id = ObjectIdField(
        exported=True, help_text="The account it is about, where the change knew one."
    )
    locale = StringField(
        max_length=MAX_TAG_LENGTH,
        exported=True,
        help_text="The language asked for, where there was one.",
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
    """A mail as read; `kind` is a name in MAIL_KINDS."""

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
    """The mails that are still to be sent: how many, and since when the oldest waits."""

    mails: int
    oldest_at: datetime | None


@database_query
def enqueue_mail(
    kind: AnyMailKind,
    *,
    to: str,
    locale: str | None = None,
    user_id: ObjectId | None = None,
    details: Mapping[str, str] | None = None,
) -> ObjectId:
    """Add a mail to the outbox, within the transaction of this thread, and return its id.

    Nothing is sent here: a worker writes and delivers the mail, or drops it when there is nothing
    to say. `details` are values for the template. They are stored as they are, so they must not
    contain a secret or a token.
    """
    moment = now()
    mail = OutgoingMail(
        kind=kind.name,
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
    """Lease the mail that has been due longest for `seconds`; return None when none is due.

    One atomic update, so that no two workers hold the same mail. When the lease ends the mail is
    due again: another worker takes over from one that died.
    """
    moment = now()
    lease = {"lease": ObjectId(), "due_at": moment + timedelta(seconds=seconds)}
    return OutgoingMailRecord.from_stored(
        OutgoingMail._get_collection().find_one_and_update(
            {"gave_up_at": None, "due_at": {"$lte": moment}},
            {"$set": lease, "$inc": {"attempts": 1}, "$min": {"first_tried_at": moment}},
            sort=[("due_at", 1)],
            return_document=ReturnDocument.AFTER,
        )
    )


@database_query
def extend_lease(mail: OutgoingMailRecord, seconds: float) -> bool:
    """Extend the lease to `seconds` from now. False when another worker has it, or it is gone."""
    return _write(mail, {"$set": {"due_at": now() + timedelta(seconds=seconds)}})


@database_query
def finish(mail: OutgoingMailRecord) -> bool:
    """Delete a mail that was sent or dropped. False when another worker has it."""
    return OutgoingMail._get_collection().delete_one(_match_lease(mail)).deleted_count == 1


@database_query
def postpone(mail: OutgoingMailRecord, seconds: float) -> bool:
    """Try again in `seconds`. False when another worker has it, or it is gone."""
    due_at = now() + timedelta(seconds=seconds)
    return _write(mail, {"$set": {"due_at": due_at}, "$unset": {"lease": ""}})


@database_query
def give_up(mail: OutgoingMailRecord) -> bool:
    """Stop trying; keep the mail for 30 days. False when another worker has it, or it is gone."""
    moment = now()
    end = {"gave_up_at": moment, "expires_at": moment + GIVEN_UP_KEPT}
    return _write(mail, {"$set": end, "$unset": {"lease": ""}})


@database_query
def remove_mail(user_id: ObjectId, addresses: Collection[str]) -> None:
    """Delete all mails about an account and all mails to these addresses."""
    theirs = {"$or": [{"user_id": user_id}, {"to": {"$in": list(addresses)}}]}
    OutgoingMail._get_collection().delete_many(theirs, session=current_session())


@database_query
def find_unsent_mail(user_id: ObjectId, address: str, most: int) -> list[Stored]:
    """Return the newest `most` mails about an account that are not sent, as stored.

    `address` is the account's: a mail to it that names no account is about this one.
    """
    theirs = {"$or": [{"user_id": user_id}, {"user_id": None, "to": address}]}
    return find_all(OutgoingMail._get_collection(), theirs, sort=[("_id", -1)], limit=most)


@database_query
def waiting() -> Waiting:
    """Return how many mails are still to be sent, and since when the oldest waits."""
    outbox, open_ = OutgoingMail._get_collection(), {"gave_up_at": None}
    oldest = find_all(outbox, open_, {"created_at": True}, sort=[("created_at", 1)], limit=1)
    return Waiting(outbox.count_documents(open_), oldest[0]["created_at"] if oldest else None)


def _match_lease(mail: OutgoingMailRecord) -> dict[str, object]:
    return {"_id": mail.id, "lease": mail.lease, "gave_up_at": None}


def _write(mail: OutgoingMailRecord, change: Mapping[str, object]) -> bool:
    return OutgoingMail._get_collection().update_one(_match_lease(mail), change).matched_count == 1
