"""Which fields of a document are exported and published: each field declares it.

exported: whether `exportMyData` gives it to the person. Required for PERSONAL_DOCUMENTS.
published: whether the GraphQL type has a field generated from it. Default: no.
in_account_files: whether `flask accounts export` writes it. Default: no.
exported_keys: of a dictionary, the keys that `exportMyData` gives.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId
from mongoengine import (
    DateField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    ListField,
)
from mongoengine.base import BaseField

from app.models.outgoing_mail import OutgoingMail
from app.models.security_event import SecurityEvent
from app.models.session import Rotation, Session
from app.models.user import Address, Link, Links, Search, User

AnyDocument = type[Document] | type[EmbeddedDocument]
PERSONAL_DOCUMENTS: tuple[AnyDocument, ...] = (
    *(User, Address, Links, Link, Search),
    *(Session, Rotation, SecurityEvent, OutgoingMail),
)


def require_declarations(document: AnyDocument) -> None:
    """Raise TypeError if a field does not declare `exported`."""
    for name, field in document._fields.items():
        if not isinstance(getattr(field, "exported", None), bool):
            raise TypeError(f"{document.__name__}.{name} must declare exported=True or False")


for _document in PERSONAL_DOCUMENTS:
    require_declarations(_document)


def list_published_fields(document: AnyDocument) -> tuple[str, ...]:
    """Return the names of the fields from which GraphQL fields are generated.

    Raises TypeError if there are none: graphene-mongo would generate all.
    """
    names = _find_fields_with(document, "published")
    if not names:
        raise TypeError(f"no field of {document.__name__} declares published=True")
    return names


def list_account_file_fields() -> tuple[str, ...]:
    """Return the names of the fields of an account that `flask accounts export` writes."""
    return _find_fields_with(User, "in_account_files")


def export_document(document: AnyDocument, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `exportMyData` gives of a stored document.

    Names are in camelCase, ids are text, times and days ISO 8601; null means that nothing is
    stored.
    """
    fields = document._fields
    return {
        _camel_case(name): _export_value(fields[name], stored.get(fields[name].db_field))
        for name in _find_fields_with(document, "exported")
    }


def _find_fields_with(document: AnyDocument, metadata: str) -> tuple[str, ...]:
    fields = document._fields
    return tuple(
        name for name in document._fields_ordered if getattr(fields[name], metadata, False) is True
    )


def _export_value(field: BaseField, value: Any) -> Any:
    if isinstance(value, list) and isinstance(field, ListField):
        return [_export_value(field.field, item) for item in value]
    if isinstance(value, dict):
        if isinstance(field, EmbeddedDocumentField):
            return export_document(field.document_type, value)
        return {_camel_case(name): value[name] for name in field.exported_keys if name in value}
    if isinstance(value, datetime):
        return (value.date() if isinstance(field, DateField) else value).isoformat()
    return str(value) if isinstance(value, ObjectId) else value


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))
