"""Text fields: plain text, names, e-mail addresses, passwords."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Literal

from email_validator import EmailNotValidError, validate_email
from marshmallow import ValidationError, fields

from app.errors import AnyErrorReason, ErrorReason

EMAIL_LENGTH = 254  # RFC 5321, erratum 1690
MAX_INPUT_LENGTH = 4096  # characters; a longer text is refused before it is normalised

# control characters, lone surrogates, line separators, and marks that are invisible or that
# reorder the text around them
FORBIDDEN_CHARACTERS = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069"
    "\ud800-\udfff\ufeff]"
)
REASONS: dict[str, str | list[Any] | dict[Any, Any]] = {
    "required": [ErrorReason.REQUIRED],
    "null": [ErrorReason.REQUIRED],
    "invalid": [ErrorReason.INVALID_DATA],
}


def refuse(*reasons: AnyErrorReason) -> ValidationError:
    """The exception by which a field refuses a value: ``raise refuse(ErrorReason.TOO_LONG)``."""
    return ValidationError([*reasons])


class Text(fields.Field):
    """A string without control characters, in NFC, trimmed. A blank string counts as missing.

    maximum: characters. Subclasses check and change the text in `parse`.
    """

    default_error_messages = REASONS
    normal_form: Literal["NFC", "NFKC"] = "NFC"
    is_trimmed = True

    def __init__(self, *, maximum: int = MAX_INPUT_LENGTH, **kwargs: Any) -> None:
        super().__init__(**{"allow_none": not kwargs.get("required"), **kwargs})
        self.maximum = maximum

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if not isinstance(value, str):
            raise refuse(ErrorReason.INVALID_DATA)
        if len(value) > MAX_INPUT_LENGTH:
            raise refuse(ErrorReason.TOO_LONG)
        text = unicodedata.normalize(self.normal_form, value)
        text = text.strip() if self.is_trimmed else text
        if not text and self.required:
            raise refuse(ErrorReason.REQUIRED)
        if FORBIDDEN_CHARACTERS.search(text):
            raise refuse(ErrorReason.INVALID_DATA)
        if len(text) > self.maximum:
            raise refuse(ErrorReason.TOO_LONG)
        return self.parse(text) if text else None

    def parse(self, text: str) -> Any:
        """Return the value of the text, or raise `refuse(...)`. The text is never blank."""
        return text


class Name(Text):
    """A person's name: any script, at least one letter; several spaces become one."""

    def parse(self, text: str) -> str:
        if not any(character.isalpha() for character in text):
            raise refuse(ErrorReason.INVALID_DATA)
        return " ".join(text.split())


class Email(Text):
    """An e-mail address: RFC 5322 as email-validator reads it; lower case, its domain in IDNA."""

    normal_form = "NFKC"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(maximum=EMAIL_LENGTH, **kwargs)

    def parse(self, text: str) -> str:
        try:
            address = validate_email(text, check_deliverability=False)
        except EmailNotValidError:
            raise refuse(ErrorReason.INVALID_EMAIL) from None
        normalised = f"{address.local_part.lower()}@{(address.ascii_domain or '').lower()}"
        if len(normalised) > EMAIL_LENGTH:
            raise refuse(ErrorReason.TOO_LONG)
        return normalised


class Password(Text):
    """A password as it is hashed and compared: in NFC, neither trimmed nor cut."""

    is_trimmed = False
