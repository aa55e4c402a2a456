"""The phone number of a person: checked by the phonenumbers library, stored as E.164."""

import phonenumbers

from app.validation.text import Text, refuse
from support_desk.names import DeskReason


class Phone(Text):
    """A phone number with its country's code, in any usual spelling."""

    def parse(self, text: str) -> str:
        """The number as E.164 writes it. Raises `refuse(INVALID_PHONE)`."""
        try:
            number = phonenumbers.parse(text)
        except phonenumbers.NumberParseException:
            raise refuse(DeskReason.INVALID_PHONE) from None
        if not phonenumbers.is_valid_number(number):
            raise refuse(DeskReason.INVALID_PHONE)
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
