"""The names that the support desk adds to the product's enumerations."""

from app.errors import AnyErrorReason, ErrorCode
from app.mail_kinds import AnyMailKind
from app.permissions import AnyPermission


class DeskPermission(AnyPermission):
    """What the roles of the support desk allow."""

    NOTES_WRITE = "Write notes about accounts."


class DeskReason(AnyErrorReason):
    """What the support desk refuses."""

    INVALID_PHONE = ErrorCode.BAD_USER_INPUT, "Not a phone number with its country's code."


class DeskMail(AnyMailKind):
    """What the support desk writes by mail."""

    NOTE_ADDED = "NOTE_ADDED"
