"""Fields for personal data of any country: language, date of birth, country."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from iso3166 import countries_by_alpha3
from marshmallow import fields

from app.clock import now
from app.errors import ErrorReason
from app.locales import LOCALES
from app.validation.text import REASONS, Text, refuse

EARLIEST_BIRTH = date(1900, 1, 1)


class LocaleField(Text):
    """A language of this server, as a BCP 47 tag in any case."""

    def parse(self, text: str) -> str:
        for locale in LOCALES:
            if text.lower() == locale.lower():
                return locale
        raise refuse(ErrorReason.INVALID_LOCALE)


class DateOfBirth(fields.Date):
    """A day from 1900 to today."""

    default_error_messages = REASONS | {"invalid": [ErrorReason.INVALID_DATE]}

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> date:
        day = super()._deserialize(value, attr, data, **kwargs)
        if not EARLIEST_BIRTH <= day <= now().date():
            raise refuse(ErrorReason.INVALID_DATE)
        return day


class Country(Text):
    """An ISO 3166-1 alpha-3 code, in any case."""

    normal_form = "NFKC"

    def parse(self, text: str) -> str:
        code = text.upper()
        if code not in countries_by_alpha3:
            raise refuse(ErrorReason.INVALID_COUNTRY)
        return code
