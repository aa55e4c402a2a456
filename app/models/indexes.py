"""The indexes of all documents: build them before serving, list them, find missing ones."""

from collections.abc import Iterable
from typing import Any

from mongoengine import Document
from pymongo.errors import DuplicateKeyError, OperationFailure

from app.models.administrators import Administrators
from app.models.attempt import Attempts
from app.models.connection import database_query
from app.models.long_operations import long_timeout
from app.models.outgoing_mail import OutgoingMail
from app.models.persisted_operation import PersistedOperation
from app.models.security_event import SecurityEvent
from app.models.session import Session
from app.models.signing_key import SigningKey
from app.models.user import User

DOCUMENTS: list[type[Document]] = [
    User,
    Session,
    SecurityEvent,
    PersistedOperation,
    OutgoingMail,
    Attempts,
    SigningKey,
    Administrators,
]
BUILD_SECONDS = 3600  # of a collection's indexes: with millions of accounts it takes minutes
FILTER = "partialFilterExpression"
OPTIONS = ("unique", "sparse", FILTER, "expireAfterSeconds")


def add_documents(documents: Iterable[type[Document]]) -> None:
    """Add the documents of an extension: their indexes are built with the others."""
    DOCUMENTS.extend(one for one in documents if one not in DOCUMENTS)


class UnbuildableIndexError(Exception):
    """An index that cannot be built. Its text names the index and no value of an account."""


@database_query
def build_indexes() -> dict[str, list[str]]:
    """Build what is missing and say what there is: {collection: names of its indexes}.

    Raises UnbuildableIndexError: what is there breaks the index, or has another one of its name.

    MongoEngine would build them lazily, at the first use in each process, and let cold workers
    accept duplicates meanwhile. Building what is there already does nothing.
    """
    built = {}
    for document in DOCUMENTS:
        collection = document._get_collection()
        try:
            with long_timeout(BUILD_SECONDS):
                document.ensure_indexes()
        except DuplicateKeyError as error:
            details = error.details or {}
            names = ", ".join(details.get("keyPattern") or ["a unique index"])
            raise UnbuildableIndexError(
                f"{collection.name}: the same {names} occurs twice"
            ) from None
        except OperationFailure as error:
            name = str((error.details or {}).get("codeName"))
            if not name.startswith("Index"):
                raise
            raise UnbuildableIndexError(f"{collection.name}: {name}; `--check` names it") from None
        built[collection.name] = sorted(collection.index_information())
    return built


@database_query
def list_indexes() -> dict[str, list[str]]:
    """The indexes that there are, in words: {collection: [name: keys, options]}."""
    return {
        document._meta["collection"]: [
            f"{name}: {_keys(index['key'])}{_describe_options(index)}"
            for name, index in sorted(document._get_collection().index_information().items())
        ]
        for document in DOCUMENTS
    }


@database_query
def find_missing_indexes() -> dict[str, list[str]]:
    """Those that are not there, or are there otherwise: {collection: [keys, options]}."""
    missing = {}
    for document in DOCUMENTS:
        there = [
            _keys(index["key"]) + _describe_options(index)
            for index in document._get_collection().index_information().values()
        ]
        wanted = [
            _keys(spec["fields"]) + _describe_options(spec)
            for spec in document._meta["index_specs"]
        ]
        if lacking := [index for index in wanted if index not in there]:
            missing[document._meta["collection"]] = lacking
    return missing


def _keys(keys: list[tuple[str, Any]]) -> str:
    return " ".join(f"{name}{'' if way == 1 else f' ({way})'}" for name, way in keys)


def _describe_options(index: dict[str, Any]) -> str:
    """What makes an index another than one of the same keys; MongoDB leaves out what is false."""
    options = {name: index[name] for name in OPTIONS if index.get(name, False) is not False}
    return "".join(
        f", {name}" if value is True else f", {name} {dict(value) if name == FILTER else value}"
        for name, value in options.items()
    )
