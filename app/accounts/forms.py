"""Every input's form: marshmallow checks and normalises it; validators speak in reasons."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any

from email_validator import EmailNotValidError, validate_email
from marshmallow import Schema, ValidationError, fields, validates_schema
from stdnum.br import cnpj, cpf

from app.clock import now
from app.errors import AccountError, ErrorReason, FieldPath
from app.locales import LOCALES
from app.models.user import EMAIL_LENGTH, UserRecord
from app.security.passwords import weaknesses

LONGEST_TEXT = 4096  # characters looked at; past that nothing is normalised, only refused
LONGEST_GUESS = 1024  # characters of a password that is only compared
EARLIEST_BIRTH = date(1900, 1, 1)

# control characters, lone surrogates, line separators, marks that reorder what people read or
# that they cannot see
UNCLEAN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069"
    "\ud800-\udfff\ufeff]"
)
CPF_MASK = str.maketrans("", "", ".-/ ")
CPF = re.compile(r"[0-9]{11}")
CNPJ = re.compile(r"[0-9A-Z]{12}[0-9]{2}")

REASONS = {
    "required": [ErrorReason.REQUIRED],
    "null": [ErrorReason.REQUIRED],
    "invalid": [ErrorReason.INVALID_DATA],
}


def refuse(*reasons: ErrorReason) -> ValidationError:
    """What a field raises: the reasons, for `filled` to gather."""
    return ValidationError(list(reasons))


def load_form(form: Schema, given: Mapping[str, Any], at: FieldPath = ()) -> dict[str, Any]:
    """The normalised values of `given`, its keys in snake_case. at: where it stands in the input.

    Raises AccountError(INVALID_DATA) with every fault of every field.
    """
    try:
        return form.load(given)
    except ValidationError as error:
        faults = [
            ((*at, name), reason) for name, reasons in error.messages.items() for reason in reasons
        ]
        raise AccountError(ErrorReason.INVALID_DATA, fields=faults) from None


def refuse_weak_password(password: str, user: UserRecord) -> None:
    """Raise AccountError(INVALID_DATA) with what the policy says of this person's new password."""
    faults = weaknesses(password, email=user.email, full_name=user.full_name)
    if faults:
        path = ("new_password",)
        raise AccountError(ErrorReason.INVALID_DATA, fields=[(path, why) for why in faults])


class Text(fields.Field):
    """A string without control characters, NFC, trimmed; blank counts as missing."""

    default_error_messages = REASONS
    form = "NFC"
    trimmed = True

    def __init__(self, *, maximum: int = LONGEST_TEXT, **kwargs: Any) -> None:
        super().__init__(allow_none=not kwargs.get("required"), **kwargs)
        self.maximum = maximum

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise refuse(ErrorReason.INVALID_DATA)
        if len(value) > LONGEST_TEXT:
            raise refuse(ErrorReason.TOO_LONG)
        text = unicodedata.normalize(self.form, value)
        text = text.strip() if self.trimmed else text
        if not text and self.required:
            raise refuse(ErrorReason.REQUIRED)
        if UNCLEAN.search(text):
            raise refuse(ErrorReason.INVALID_DATA)
        if len(text) > self.maximum:
            raise refuse(ErrorReason.TOO_LONG)
        return self.understood(text) if text else None

    def understood(self, text: str) -> Any:
        """The value that the text stands for; raises `refuse(...)`."""
        return text


class Name(Text):
    """A person's name: any script, at least one letter, single spaces."""

    def understood(self, text: str) -> str:
        if not any(character.isalpha() for character in text):
            raise refuse(ErrorReason.INVALID_DATA)
        return " ".join(text.split())


class Email(Text):
    """An address, its syntax as email-validator reads RFC 5322, in the form it is compared in."""

    form = "NFKC"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(maximum=EMAIL_LENGTH, **kwargs)

    def understood(self, text: str) -> str:
        try:
            address = validate_email(text, check_deliverability=False)
        except EmailNotValidError:
            raise refuse(ErrorReason.INVALID_EMAIL) from None
        normalised = f"{address.local_part.lower()}@{address.ascii_domain.lower()}"
        if len(normalised) > EMAIL_LENGTH:
            raise refuse(ErrorReason.TOO_LONG)
        return normalised


class Password(Text):
    """A password as it is hashed and compared: NFC, nothing trimmed, nothing cut."""

    trimmed = False


class CpfCnpj(Text):
    """A CPF or CNPJ, the alphanumeric CNPJ of 2026 included; without mask, upper case."""

    form = "NFKC"

    def understood(self, text: str) -> str:
        number = text.upper().translate(CPF_MASK)
        kind = cpf if CPF.fullmatch(number) else cnpj if CNPJ.fullmatch(number) else None
        if kind is None or len(set(number)) == 1 or not kind.is_valid(number):
            raise refuse(ErrorReason.INVALID_CPF_CNPJ)
        return number


class Locale(Text):
    """A language this server speaks, as a BCP 47 tag in any case."""

    def understood(self, text: str) -> str:
        for locale in LOCALES:
            if text.lower() == locale.lower():
                return locale
        raise refuse(ErrorReason.INVALID_LOCALE)


class DateOfBirth(fields.Date):
    """A day from 1900 to today."""

    default_error_messages = REASONS | {"invalid": [ErrorReason.INVALID_DATE]}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> date:
        day = super()._deserialize(value, *args, **kwargs)
        if not EARLIEST_BIRTH <= day <= now().date():
            raise refuse(ErrorReason.INVALID_DATE)
        return day


class RegisterForm(Schema):
    """What a new account is made of."""

    full_name = Name(required=True, maximum=120)
    email = Email(required=True)
    password = Password(required=True)
    cpf_cnpj = CpfCnpj()
    date_of_birth = DateOfBirth(allow_none=True)
    locale = Locale()

    @validates_schema(skip_on_field_errors=False)
    def check_password(self, data: dict[str, Any], **_: Any) -> None:
        """The policy needs to know whose password it is."""
        if password := data.get("password"):
            faults = weaknesses(password, email=data.get("email"), full_name=data.get("full_name"))
            if faults:
                raise ValidationError({"password": faults})


class LoginForm(Schema):
    """What a person signs in with. The policy is not asked: it may have been another then."""

    email = Email(required=True)
    password = Password(required=True, maximum=LONGEST_GUESS)


class PasswordForm(Schema):
    """The password of whoever is signed in, asked again."""

    password = Password(required=True, maximum=LONGEST_GUESS)


class EmailForm(Schema):
    """An address that may be anybody's."""

    email = Email(required=True)


class LinkForm(Schema):
    """The proof of a link. It is checked as a token, so any string passes here."""

    token = fields.String(required=True, error_messages=REASONS)


class ResetPasswordForm(LinkForm):
    """A link, and the password to have from now on: see `refuse_weak`."""

    new_password = Password(required=True)


class ChangePasswordForm(Schema):
    """The password as it is, and as it shall be: see `refuse_weak`."""

    current_password = Password(required=True, maximum=LONGEST_GUESS)
    new_password = Password(required=True)


class ChangeEmailForm(PasswordForm):
    """The address to move to."""

    new_email = Email(required=True)


class RefreshTokenForm(Schema):
    """The proof of a session. It is checked as a token, so any string passes here."""

    refresh_token = fields.String(required=True, error_messages=REASONS)


REGISTER, LOGIN, REFRESH_TOKEN = RegisterForm(), LoginForm(), RefreshTokenForm()
PASSWORD, EMAIL, LINK = PasswordForm(), EmailForm(), LinkForm()
RESET_PASSWORD, CHANGE_PASSWORD = ResetPasswordForm(), ChangePasswordForm()
CHANGE_EMAIL = ChangeEmailForm()
