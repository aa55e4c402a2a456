"""The account: its document, its indexes, and how one account is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import Enum

from bson import ObjectId
from bson.errors import InvalidId
from mongoengine import (
    BooleanField,
    DateField,
    DateTimeField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    EnumField,
    ListField,
    ObjectIdField,
    StringField,
)
from pymongo.errors import DuplicateKeyError

from app.clock import now
from app.errors import AccountError, ErrorReason
from app.models.connection import database_query
from app.models.queries import find_one
from app.models.record import Record
from app.models.search_terms import search_terms
from app.models.transaction import current_session

EMAIL_LENGTH = 254  # RFC 5321, erratum 1690
UNSEARCHED = {"search": False}  # some twenty strings of no use to whoever reads one account
SIGNED_IN = {**UNSEARCHED, "password_hash": False, "credential_version": False}
MAX_SESSIONS = 100  # devices signed in at once; the next login ends the oldest session


class Role(Enum):
    """What an account may do beyond its own affairs."""

    USER = "USER"
    ADMIN = "ADMIN"


class Address(EmbeddedDocument):
    """Where a person lives."""

    zip_code = StringField(max_length=20, help_text="Postcode; in Brazil the CEP, digits only.")
    street = StringField(max_length=200, help_text="Street, avenue or square.")
    number = StringField(max_length=20, help_text="House number; text, since some have letters.")
    complement = StringField(max_length=100, help_text="Flat, block, floor.")
    neighborhood = StringField(max_length=100, help_text="Neighbourhood; in Brazil the bairro.")
    city = StringField(max_length=100, help_text="City or town.")
    state = StringField(max_length=100, help_text="State or province; in Brazil its two letters.")
    country = StringField(
        required=True,
        default="BRA",
        min_length=3,
        max_length=3,
        help_text="Country by ISO 3166-1 alpha-3: BRA, PRT, USA.",
    )


class Link(EmbeddedDocument):
    """The last link of one kind: a newer one takes its place, and it can be used once."""

    id = ObjectIdField(help_text="Identifies the link; its signed token names it.")
    asked_at = DateTimeField(required=True, help_text="When it was asked for.")
    spent = BooleanField(required=True, default=False, help_text="Used, or ended by a change.")
    email = StringField(max_length=EMAIL_LENGTH, help_text="The address it is to make theirs.")


class Links(EmbeddedDocument):
    """The links sent by mail, the last one of each kind. See app/models/link.py."""

    verify_email = EmbeddedDocumentField(Link)
    reset_password = EmbeddedDocumentField(Link)
    change_email = EmbeddedDocumentField(Link)


class Search(EmbeddedDocument):
    """What an account is found by. See app/models/search_terms.py."""

    keys = ListField(StringField(), help_text="The first characters of each word, folded.")
    words = ListField(StringField(), help_text="The address and the words of the name, folded.")


class User(Document):
    """An account. Written through this document, read as UserRecord."""

    id = ObjectIdField(
        primary_key=True, required=True, default=ObjectId, help_text="Identifies the account."
    )
    email = StringField(
        required=True,
        unique=True,
        max_length=EMAIL_LENGTH,
        help_text="The address that signs in: NFKC, lower case, its domain in IDNA. Unique.",
    )
    email_verified = BooleanField(
        required=True, default=False, help_text="Whether the address has been proved to be theirs."
    )
    full_name = StringField(
        required=True, max_length=120, help_text="The name, as the person writes it."
    )
    password_hash = StringField(
        max_length=200, help_text="See app/security/passwords.py; none: no password signs in."
    )
    credential_version = ObjectIdField(
        default=ObjectId, help_text="Moved by every change of a proof: see models/credentials.py."
    )
    cpf_cnpj = StringField(
        unique=True,
        sparse=True,
        min_length=11,
        max_length=14,
        help_text="CPF or CNPJ, digits and letters only, no mask. Unique when present.",
    )
    date_of_birth = DateField(help_text="Date of birth, YYYY-MM-DD.")
    address = EmbeddedDocumentField(Address)
    locale = StringField(
        required=True,
        max_length=5,
        default="pt-BR",
        help_text="The language of messages and mail: pt-BR or en.",
    )
    active = BooleanField(required=True, default=True, help_text="Whether the account may sign in.")
    roles = ListField(
        EnumField(Role),
        required=True,
        default=lambda: [Role.USER],
        help_text="What the account may do: every account is a USER, some are an ADMIN.",
    )
    session_ids = ListField(
        ObjectIdField(),
        max_length=MAX_SESSIONS,
        help_text="The live sessions: a token whose session is not here is revoked.",
    )
    links = EmbeddedDocumentField(Links, help_text="The links sent by mail, one of each kind.")
    created_at = DateTimeField(required=True, default=now, help_text="When the account was made.")
    updated_at = DateTimeField(
        required=True, default=now, help_text="When the person's data last changed."
    )
    last_login_at = DateTimeField(help_text="When a password last opened a session.")

    name_key = StringField(help_text="The name, folded: what accounts are ordered by name with.")
    search = EmbeddedDocumentField(Search, help_text="What the account is found by.")

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
            {"fields": ["roles"], "partialFilterExpression": {"roles": Role.ADMIN.value}},
        ],
    }

    @database_query
    def add(self) -> None:
        """Insert the new account: the unique indexes decide, not a look-up before.

        Raises AccountError(ALREADY_EXISTS) naming the field whose value is taken.
        """
        search_filter = search_terms(email=self.email, full_name=self.full_name)
        self.name_key, self.search = search_filter["name_key"], Search(**search_filter["search"])
        self.validate()
        with report_taken_values():
            self._get_collection().insert_one(self.to_mongo(), session=current_session())


@contextmanager
def report_taken_values() -> Iterator[None]:
    """Raise the refusal of a unique index as AccountError(ALREADY_EXISTS), naming the fields."""
    try:
        yield
    except DuplicateKeyError as error:
        raise AccountError(
            ErrorReason.ALREADY_EXISTS,
            resource="user",
            fields=dict.fromkeys(error.details["keyPattern"], ErrorReason.ALREADY_EXISTS),
        ) from None


class UserRecord(Record):
    """An account as read. Its secrets are there only where the read says so."""

    id: ObjectId
    email: str
    email_verified: bool
    full_name: str
    password_hash: str | None = None
    credential_version: ObjectId | None = None
    cpf_cnpj: str | None = None
    date_of_birth: datetime | None = None
    address: dict | None = None
    locale: str
    active: bool
    roles: list[str]
    session_ids: list[ObjectId] = ()
    links: dict | None = None
    created_at: datetime
    updated_at: datetime
    last_login_at: datetime | None = None
    name_key: str = ""

    @classmethod
    def of(cls, user: User) -> "UserRecord":
        """The record of a document that has just been written."""
        return cls(user.to_mongo().to_dict())


@database_query
def find_by_email(email: str) -> UserRecord | None:
    """Read the account of a normalised address, secrets included: for signing in."""
    return UserRecord.found(find_one(User._get_collection(), {"email": email}, UNSEARCHED))


@database_query
def is_cpf_cnpj_taken(cpf_cnpj: str) -> bool:
    """Whether an account has this CPF or CNPJ."""
    where = {"cpf_cnpj": cpf_cnpj}
    return find_one(User._get_collection(), where, {"_id": True}) is not None


@database_query
def find_by_id(user_id: ObjectId) -> UserRecord | None:
    """Read an account, secrets included: for asking for a proof, and for writing to its owner."""
    return UserRecord.found(find_one(User._get_collection(), {"_id": user_id}, UNSEARCHED))


@database_query
def find_signed_in(user_id: str) -> UserRecord | None:
    """Read the account that a token names, without secrets: the one read of a signed-in request.

    It alone decides whether the account is active, its roles, and which sessions are live.
    None for an account that does not exist, and for what is no id.
    """
    try:
        key = ObjectId(user_id)
    except InvalidId:
        return None
    users = User._get_collection()
    return UserRecord.found(find_one(users, {"_id": key}, SIGNED_IN))
