"""The table of profile fields, and all that is derived from it."""

import subprocess
import sys

import pytest
from marshmallow import ValidationError
from mongoengine import EmbeddedDocument, StringField

from app.accounts.forms import REGISTER, field_errors
from app.accounts.import_forms import FORM
from app.accounts.profile_forms import ADDRESS, PROFILE
from app.errors import AnyErrorReason, ErrorCode, ErrorReason
from app.models.export_policy import (
    PERSONAL_DOCUMENTS,
    list_account_file_fields,
    list_published_fields,
    require_declarations,
)
from app.models.user import Address, User
from app.models.user_records import UserRecord
from app.permissions import Permission
from app.profile_fields import (
    ADDRESS_PARTS,
    PROFILE_FIELDS,
    ProfileField,
    add_profile_fields,
    refuse_taken_names,
)
from schema.root import build_schema
from schema.types import Address as AddressType
from schema.types import User as UserType

ADDING = """
from app.profile_fields import PROFILE_FIELDS, ProfileField, add_profile_fields

def add(name, **options):
    try:
        add_profile_fields(ProfileField(name=name, description="A field.", **options))
    except ValueError as error:
        return str(error)
    return "added"

"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run ADDING and then the code in a separate process, which has not imported the documents."""
    command = [sys.executable, "-c", ADDING + code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_table_has_each_field_under_its_name() -> None:
    assert all(field.name == name for name, field in PROFILE_FIELDS.items())


def test_only_these_are_read_without_the_permission_for_sensitive_data() -> None:
    plain = {name for name, f in PROFILE_FIELDS.items() if f.read is Permission.USERS_READ}
    assert plain == {"full_name", "locale"}
    assert ProfileField(name="x", description="").read is Permission.USERS_READ_SENSITIVE


def test_documents_and_records_have_every_field() -> None:
    assert set(PROFILE_FIELDS) <= set(User._fields)
    assert set(ADDRESS_PARTS) == set(Address._fields)
    optional = [name for name, field in PROFILE_FIELDS.items() if not field.required]
    assert [getattr(UserRecord({"_id": None}), name) for name in optional] == [None] * len(optional)


def test_forms_have_every_field() -> None:
    profile = set(PROFILE_FIELDS)
    assert set(PROFILE.fields) | {"address"} == profile
    assert set(ADDRESS.fields) == set(ADDRESS_PARTS)
    assert set(REGISTER.fields) == profile - {"address"} | {"email", "password"}


def test_what_is_exported_to_a_file_can_be_imported() -> None:
    assert set(PROFILE_FIELDS) <= set(list_account_file_fields()) <= set(FORM.fields)


@pytest.mark.parametrize("name", ["UpdateProfileInput", "RegisterInput", "User"])
def test_graphql_has_every_field_with_its_description(name: str) -> None:
    fields = build_schema().graphql_schema.type_map[name].fields
    for field in PROFILE_FIELDS.values():
        if name == "RegisterInput" and not field.registration:
            continue
        first, *others = field.name.split("_")
        camel_case = first + "".join(map(str.title, others))
        text = str(User._fields[field.name].help_text)
        if name != "User":
            text = field.describe_input()
        assert fields[camel_case].description.startswith(text)


def test_descriptions_list_the_languages_registered_at_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.profile_fields.list_languages", lambda: "pt-BR and tlh")
    locale, sentence = PROFILE_FIELDS["locale"], "The language of messages and mail: pt-BR and tlh."
    assert locale.make_document_field().help_text == sentence
    assert locale.describe_input("More.") == f"{sentence} More."


def test_the_types_have_the_published_fields_of_the_documents_alone() -> None:
    by_hand = {"id", "roles"}
    shown = set(UserType._meta.fields) & set(User._fields)
    assert shown == set(list_published_fields(User)) | by_hand
    assert set(AddressType._meta.fields) == set(list_published_fields(Address))


@pytest.mark.parametrize("document", PERSONAL_DOCUMENTS)
def test_every_personal_document_declares_its_fields(document: type) -> None:
    require_declarations(document)


def test_refuses_a_field_that_does_not_declare_whether_it_is_exported() -> None:
    class Note(EmbeddedDocument):
        text = StringField()

    with pytest.raises(TypeError, match=r"Note\.text must declare exported"):
        require_declarations(Note)
    with pytest.raises(TypeError, match="no field of Note declares published"):
        list_published_fields(Note)


@pytest.mark.parametrize("name", ["", "Phone", "homePhone", "home phone", "line_2", "_x", "x_"])
def test_refuses_an_invalid_name(name: str) -> None:
    with pytest.raises(ValueError, match="not a name in snake_case"):
        ProfileField(name=name, description="A field.")


def test_errors_keep_the_reasons_of_extensions_and_translate_messages_of_marshmallow() -> None:
    class Reason(AnyErrorReason):
        ODD = ErrorCode.BAD_USER_INPUT, "Not an even number."

    error = ValidationError({"x": [Reason.ODD], "y": ["Not a valid integer."]})
    assert field_errors(error, ("input",)) == [
        (("input", "x"), Reason.ODD),
        (("input", "y"), ErrorReason.INVALID_DATA),
    ]


def test_refuses_a_name_that_is_in_use() -> None:
    refuse_taken_names(["email"], "the test")
    with pytest.raises(ValueError, match=r"the test already has .*: locale"):
        refuse_taken_names(["email", "locale"], "the test")


def test_refuses_to_add_a_field_once_documents_are_imported() -> None:
    with pytest.raises(RuntimeError, match="before the documents"):
        add_profile_fields(ProfileField(name="nickname", description="Nickname."))
    assert "nickname" not in PROFILE_FIELDS


def test_an_added_field_is_everywhere() -> None:
    ran = run("""
assert add("nickname") == "added"
from app.accounts.forms import REGISTER
from app.accounts.import_forms import FORM
from app.accounts.profile_forms import PROFILE
from app.models.export_policy import list_account_file_fields, export_document
from app.models.user import User
from app.models.user_records import UserRecord
from schema.root import build_schema

types = build_schema().graphql_schema.type_map
for name in ("User", "RegisterInput", "UpdateProfileInput"):
    assert str(types[name].fields["nickname"].type) == "String"
    assert types[name].fields["nickname"].description == "A field."
for form in (REGISTER, FORM, PROFILE):
    assert "nickname" in form.fields
assert "nickname" in list_account_file_fields()
assert export_document(User, {"nickname": "1"})["nickname"] == "1"
assert UserRecord({"_id": None}).nickname is None
""")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_an_added_field_has_a_unique_name_and_is_optional() -> None:
    ran = run("""
print(add("nickname"), add("nickname"), add("locale"), add("x", required=True), sep="\\n")
print(add("x", parts={"y": None}), list(PROFILE_FIELDS)[-1:], sep="\\n")
""")
    assert ran.stdout.splitlines() == [
        "added",
        "there is a profile field of this name: nickname",
        "there is a profile field of this name: locale",
        "an added profile field is optional and has no parts: x",
        "an added profile field is optional and has no parts: x",
        "['nickname']",
    ]


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("email", "app.models.user"),
        ("from_stored", "app.models.user"),
        ("password", "app.accounts.forms"),
        ("admin", "app.accounts.import_forms"),
        ("sessions", "schema.types"),
    ],
)
def test_an_added_field_may_not_have_the_name_of_an_account_field(name: str, module: str) -> None:
    ran = run(f"assert add({name!r}) == 'added'; import {module}")
    assert ran.returncode == 1
    assert f"already has the names of profile fields: {name}" in ran.stderr
