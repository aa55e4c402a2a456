"""The forms of the inputs: marshmallow checks and normalises them, errors are reasons."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from app.errors import AccountError, AnyErrorReason, ErrorReason, FieldError, FieldPath
from app.models.user_records import UserRecord
from app.profile_fields import PROFILE_FIELDS, refuse_taken_names
from app.security.passwords import find_weaknesses
from app.validation.text import REASONS, Email, Password

LONGEST_GUESS = 1024  # characters of a password that is only compared
FieldErrors = list[FieldError]


def load_form(form: Schema, given: Mapping[str, Any], at: FieldPath = ()) -> dict[str, Any]:
    """Return the normalised values of `given`, its keys in snake_case.

    at: the path of `given` within the input.
    Raises AccountError(INVALID_DATA) with every error of every field.
    """
    try:
        return dict(form.load(given))
    except ValidationError as error:
        raise AccountError(ErrorReason.INVALID_DATA, fields=field_errors(error, at)) from None


def field_errors(error: ValidationError, at: FieldPath = ()) -> FieldErrors:
    """Return the path and the reason of each error; a message of marshmallow's is INVALID_DATA.

    at: the path of what was validated within the input.
    """
    return [
        ((*at, name), reason if isinstance(reason, AnyErrorReason) else ErrorReason.INVALID_DATA)
        for name, reasons in error.normalized_messages().items()
        for reason in reasons
    ]


def refuse_weak_password(password: str, user: UserRecord) -> None:
    """Raise AccountError(INVALID_DATA) if the policy refuses this person's new password."""
    faults = find_weaknesses(password, email=user.email, full_name=user.full_name)
    if faults:
        path = ("new_password",)
        raise AccountError(ErrorReason.INVALID_DATA, fields=[(path, why) for why in faults])


class RegisterForm(Schema):
    """The policy for the password of a new account; `make_register_form` adds the fields."""

    @validates_schema(skip_on_field_errors=False)
    def check_password(self, data: dict[str, Any], **_: Any) -> None:
        """Check the policy, which refuses the person's own name and e-mail address."""
        if password := data.get("password"):
            faults = find_weaknesses(
                password, email=data.get("email"), full_name=data.get("full_name")
            )
            if faults:
                raise ValidationError({"password": faults})


def make_register_form() -> Schema:
    """Return the form of a new account. Its fields are in the order of `RegisterInput`.

    Raises ValueError if a profile field is named `email` or `password`.
    """
    credentials = {"email": Email(required=True), "password": Password(required=True)}
    refuse_taken_names(credentials, "the form of register")
    required, optional = (
        {
            field.name: field.make_input_field(required=first)
            for field in PROFILE_FIELDS.values()
            if field.registration and field.is_required_at_first is first
        }
        for first in (True, False)
    )
    return RegisterForm.from_dict({**required, **credentials, **optional}, name="RegisterForm")()


class LoginForm(Schema):
    """What a person signs in with. The policy is not asked: it may have been another then."""

    email = Email(required=True)
    password = Password(required=True, maximum=LONGEST_GUESS)


class PasswordForm(Schema):
    """The password of the signed-in account, asked for again."""

    password = Password(required=True, maximum=LONGEST_GUESS)


class EmailForm(Schema):
    """An address that may be anybody's."""

    email = Email(required=True)


class LinkForm(Schema):
    """The proof of a link. It is checked as a token, so any string passes here."""

    token = fields.String(required=True, error_messages=REASONS)


class ResetPasswordForm(LinkForm):
    """A link, and the password to have from now on: see `refuse_weak_password`."""

    new_password = Password(required=True)


class ChangePasswordForm(Schema):
    """The current password and the new one: see `refuse_weak_password`."""

    current_password = Password(required=True, maximum=LONGEST_GUESS)
    new_password = Password(required=True)


class ChangeEmailForm(PasswordForm):
    """The address to move to."""

    new_email = Email(required=True)


class RefreshTokenForm(Schema):
    """The proof of a session. It is checked as a token, so any string passes here."""

    refresh_token = fields.String(required=True, error_messages=REASONS)


REGISTER = make_register_form()
LOGIN, REFRESH_TOKEN = LoginForm(), RefreshTokenForm()
PASSWORD, EMAIL, LINK = PasswordForm(), EmailForm(), LinkForm()
RESET_PASSWORD, CHANGE_PASSWORD = ResetPasswordForm(), ChangePasswordForm()
CHANGE_EMAIL = ChangeEmailForm()
