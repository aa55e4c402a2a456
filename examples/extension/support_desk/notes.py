"""Notes about accounts: the document, its questions, and the use cases."""

from datetime import datetime

from bson import ObjectId
from bson.errors import InvalidId
from mongoengine import DateTimeField, Document, ObjectIdField, StringField

from app.accounts.caller import Caller
from app.clock import now
from app.errors import AccountError, ErrorReason
from app.events import AccountEvent
from app.models.connection import database_query
from app.models.outgoing_mail import enqueue_mail
from app.models.queries import find_all
from app.models.record import Record
from app.models.transaction import current_session, in_transaction
from app.models.user_records import find_by_id
from support_desk.names import DeskMail, DeskPermission

MAX_NOTES = 100
MAX_LENGTH = 1000  # characters


class Note(Document):
    """A note about an account."""

    id = ObjectIdField(
        primary_key=True, required=True, default=ObjectId, help_text="Identifies the note."
    )
    user_id = ObjectIdField(required=True, help_text="The account it is about.")
    text = StringField(required=True, max_length=MAX_LENGTH, help_text="What was noted.")
    at = DateTimeField(required=True, default=now, help_text="When it was written.")

    meta = {
        "collection": "support_desk_notes",
        "auto_create_index": False,
        "indexes": [("user_id", "at")],
    }


class NoteRecord(Record):
    """A note as read."""

    id: ObjectId
    user_id: ObjectId
    text: str
    at: datetime


@database_query
def insert_note(user_id: ObjectId, text: str) -> NoteRecord:
    """Store a note, within the transaction of this thread if there is one."""
    note = Note(user_id=user_id, text=text)
    note.validate()
    Note._get_collection().insert_one(note.to_mongo(), session=current_session())
    return NoteRecord(note.to_mongo().to_dict())


@database_query
def newest_notes(user_id: ObjectId) -> list[NoteRecord]:
    """The newest notes about an account, at most MAX_NOTES."""
    notes, newest_first = Note._get_collection(), [("at", -1)]
    found = find_all(notes, {"user_id": user_id}, sort=newest_first, limit=MAX_NOTES)
    return [NoteRecord(stored) for stored in found]


def add_note(user_id: str, text: str, caller: Caller) -> NoteRecord:
    """Store a note about an account, and tell its owner by mail.

    Raises AccountError: PERMISSION_DENIED without NOTES_WRITE; TOO_LONG; DOES_NOT_EXIST.
    """
    caller.require(DeskPermission.NOTES_WRITE)
    if len(text) > MAX_LENGTH:
        fields = {"text": ErrorReason.TOO_LONG}
        raise AccountError(ErrorReason.INVALID_DATA, fields=fields)
    user = find_by_id(ObjectId(user_id)) if ObjectId.is_valid(user_id) else None
    if user is None:
        raise AccountError(ErrorReason.DOES_NOT_EXIST, resource="user")

    def store() -> NoteRecord:
        enqueue_mail(DeskMail.NOTE_ADDED, to=user.email, user_id=user.id, details={"note": text})
        return insert_note(user.id, text)

    return in_transaction(store)


def list_notes(user_id: str, caller: Caller) -> list[NoteRecord]:
    """The newest notes about an account.

    Raises AccountError: PERMISSION_DENIED without NOTES_WRITE.
    """
    caller.require(DeskPermission.NOTES_WRITE)
    try:
        return newest_notes(ObjectId(user_id))
    except InvalidId:
        return []


def note_password_resets(event: AccountEvent) -> None:
    """Store a note when a password was reset by a link: support is often asked about it."""
    if event.type == "PASSWORD_RESET" and event.user_id:
        insert_note(ObjectId(event.user_id), "The password was reset by a link.")
