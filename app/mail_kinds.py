"""The kinds of mail, by name. The templates of a kind have its name in lower case."""

from enum import Enum


class AnyMailKind(Enum):
    """Base of all kinds of mail. An extension defines its own in a subclass."""


class MailKind(AnyMailKind):
    """The kinds of mail of this product."""

    VERIFY_EMAIL = "VERIFY_EMAIL"
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105  the name of a mail
    CHANGE_EMAIL = "CHANGE_EMAIL"
    EMAIL_CHANGE_REQUESTED = "EMAIL_CHANGE_REQUESTED"
    EMAIL_CHANGED = "EMAIL_CHANGED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105
    ACCOUNT_EXISTS = "ACCOUNT_EXISTS"


MAIL_KINDS: dict[str, AnyMailKind] = dict(MailKind.__members__)
"""Every kind by its name, those of extensions too."""
