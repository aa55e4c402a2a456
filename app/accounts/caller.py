"""The caller: who sends a request, from where and in which language."""

from dataclasses import dataclass

from bson import ObjectId

from app.config import current
from app.errors import AccountError, ErrorReason
from app.models.user_records import UserRecord
from app.permissions import PERMISSIONS, AnyPermission, permissions_of


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A caller whose access token, if there is one, has not been checked.

    access_token: the token of the request, unchecked; None without one.
    accepted_locale: the language that the request asks for, if this server has it.
    permissions: what the caller may do beyond what everybody may.
    """

    access_token: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    accepted_locale: str | None = None
    permissions: frozenset[AnyPermission] = frozenset()

    @property
    def origin(self) -> dict[str, str | None]:
        """Where the request comes from, as security events store it."""
        return {"ip_address": self.ip_address, "user_agent": self.user_agent}

    @property
    def locale(self) -> str:
        """The language to answer in: the one asked for, else the server's default."""
        return self.accepted_locale or current().default_locale

    def owns(self, user_id: ObjectId) -> bool:
        """Whether the account is the caller's own."""
        return False

    def allows(self, *needed: AnyPermission) -> bool:
        """Whether the caller has all these permissions."""
        return self.permissions.issuperset(needed)

    def require(self, *needed: AnyPermission) -> None:
        """Raise AccountError(PERMISSION_DENIED) unless the caller has all these permissions."""
        if not self.allows(*needed):
            raise AccountError(ErrorReason.PERMISSION_DENIED)


@dataclass(frozen=True, kw_only=True)
class SignedInCaller(Caller):
    """A caller whose access token was checked: the account and the session that it proves."""

    user: UserRecord
    session_id: ObjectId

    @property
    def locale(self) -> str:
        """The language to answer in: the one asked for, else the account's."""
        return self.accepted_locale or self.user.locale

    def owns(self, user_id: ObjectId) -> bool:
        """Whether the account is the caller's own."""
        return self.user.id == user_id


def sign_in_caller(caller: Caller, user: UserRecord, session_id: ObjectId) -> SignedInCaller:
    """The same caller, now known by account and session."""
    return SignedInCaller(
        access_token=caller.access_token,
        ip_address=caller.ip_address,
        user_agent=caller.user_agent,
        accepted_locale=caller.accepted_locale,
        permissions=permissions_of(user.roles),
        user=user,
        session_id=session_id,
    )


OPERATOR = Caller(permissions=frozenset(PERMISSIONS.values()))
"""Whoever runs a command of this server: has every permission, and no account."""
