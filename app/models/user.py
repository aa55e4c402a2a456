"""The account: its document and its indexes. See user_records.py for reading it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bson import ObjectId
from mongoengine import (
    BooleanField,
    DateTimeField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    ListField,
    ObjectIdField,
    StringField,
)
from pymongo.errors import DuplicateKeyError

from app.clock import now
from app.errors import AccountError, ErrorReason
from app.models.connection import database_query
from app.models.record import Record
from app.models.search_terms import search_terms
from app.models.transaction import current_session
from app.permissions import ADMIN, ROLES, USER
from app.profile_fields import (
    ADDRESS_PARTS,
    PROFILE_FIELDS,
    make_document_mixin,
    refuse_taken_names,
)
from app.validation.text import EMAIL_LENGTH

MAX_SESSIONS = 100  # devices signed in at once; the next login ends the oldest session


AddressFields: Any = make_document_mixin("AddressFields", ADDRESS_PARTS.values())
ProfileFields: Any = make_document_mixin("ProfileFields", PROFILE_FIELDS.values())


# no docstring: graphene-mongo would print it in front of the description of the field `address`
class Address(AddressFields, EmbeddedDocument):
    pass


class Link(EmbeddedDocument):
    """The last link of one kind: a newer one takes its place, and it can be used once."""

    id = ObjectIdField(exported=False, help_text="Identifies the link; its signed token names it.")
    asked_at = DateTimeField(required=True, exported=True, help_text="When it was asked for.")
    spent = BooleanField(
        required=True, default=False, exported=True, help_text="Used, or ended by a change."
    )
    email = StringField(
        max_length=EMAIL_LENGTH, exported=True, help_text="The address it is to make theirs."
    )


class Links(EmbeddedDocument):
    """The links sent by mail, the last one of each kind. See app/models/link.py."""

    verify_email = EmbeddedDocumentField(Link, exported=True)
    reset_password = EmbeddedDocumentField(Link, exported=True)
    change_email = EmbeddedDocumentField(Link, exported=True)


class Search(EmbeddedDocument):
    """What an account is found by. See app/models/search_terms.py."""

    keys = ListField(
        StringField(), exported=False, help_text="The first characters of each word, folded."
    )
    words = ListField(
        StringField(), exported=False, help_text="The address and the words of the name, folded."
    )


class User(ProfileFields, Document):
    """An account. Written through this document, read as UserRecord.

    Its other fields: PROFILE_FIELDS in app/profile_fields.py. What `exported`, `published` and
    `in_account_files` mean: app/models/export_policy.py.
    """

    id = ObjectIdField(
        primary_key=True,
        required=True,
        default=ObjectId,
        exported=True,
        in_account_files=True,
        help_text="The id of the account.",
    )
    email = StringField(
        required=True,
        unique=True,
        max_length=EMAIL_LENGTH,
        exported=True,
        published=True,
        in_account_files=True,
        help_text="The e-mail address that signs in: unique, lower case, domain in ASCII.",
    )
    email_verified = BooleanField(
        required=True,
        default=False,
        exported=True,
        published=True,
        in_account_files=True,
        help_text="Whether the owner has proved that the e-mail address is theirs.",
    )
    password_hash = StringField(
        max_length=200,
        exported=False,
        help_text="See app/security/passwords.py; none: no password signs in.",
    )
    credential_version = ObjectIdField(
        default=ObjectId,
        exported=False,
        help_text="Moved by every change of a proof: see app/models/credentials.py.",
    )
    active = BooleanField(
        required=True,
        default=True,
        exported=True,
        published=True,
        in_account_files=True,
        help_text="Whether the account may sign in.",
    )
    roles = ListField(
        StringField(choices=list(ROLES)),
        required=True,
        default=lambda: [USER.name],
        exported=True,
        in_account_files=True,
        help_text="Its roles, each with permissions. Every account has the role USER.",
    )
    session_ids = ListField(
        ObjectIdField(),
        max_length=MAX_SESSIONS,
        exported=False,  # each exported session says whether it is live
        help_text="The live sessions: a token whose session is not here is revoked.",
    )
    links = EmbeddedDocumentField(
        Links, exported=True, help_text="The links sent by mail, one of each kind."
    )
    created_at = DateTimeField(
        required=True,
        default=now,
        exported=True,
        published=True,
        in_account_files=True,
        help_text="When the account was created.",
    )
    updated_at = DateTimeField(
        required=True,
        default=now,
        exported=True,
        published=True,
        in_account_files=True,
        help_text="When the account's data last changed.",
    )
    last_login_at = DateTimeField(
        exported=True,
        published=True,
        in_account_files=True,
        help_text="When a session was last opened by signing in.",
    )

    # made of the address and the name, which are exported
    name_key = StringField(
        exported=False, help_text="The name, folded: what accounts are ordered by name with."
    )
    search = EmbeddedDocumentField(
        Search, exported=False, help_text="What the account is found by."
    )

    meta = {
        "collection": "users",
        "auto_create_index": False,
        "indexes": [
            # the orders of the list of accounts, both ways; see app/models/user_list.py
            ("created_at", "id"),
            ("email", "id"),
            ("name_key", "id"),
            ("search.keys", "created_at", "id"),
            ("search.keys", "email", "id"),
            ("search.keys", "name_key", "id"),
            # the administrators alone: it is small however many accounts there are
            {"fields": ["roles"], "partialFilterExpression": {"roles": ADMIN.name}},
        ],
    }

    @database_query
    def add(self) -> None:
        """Insert the new account: the unique indexes decide, not a look-up before.

        Raises AccountError(ALREADY_EXISTS) naming the field whose value is taken.
        """
        search_filter = search_terms(email=self.email, full_name=self.full_name)
        self.name_key, self.search = search_filter["name_key"], Search(**search_filter["search"])
        self.updated_at = self.created_at
        self.validate()
        with report_taken_values():
            self._get_collection().insert_one(self.to_mongo(), session=current_session())


refuse_taken_names({*vars(User), *dir(Record)}, "the User document")


@contextmanager
def report_taken_values() -> Iterator[None]:
    """Raise the refusal of a unique index as AccountError(ALREADY_EXISTS), naming the fields."""
    try:
        yield
    except DuplicateKeyError as error:
        raise AccountError(
            ErrorReason.ALREADY_EXISTS,
            resource="user",
            fields=dict.fromkeys((error.details or {})["keyPattern"], ErrorReason.ALREADY_EXISTS),
        ) from None
