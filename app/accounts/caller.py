"""Who asks, from where, in which language."""

from dataclasses import dataclass

from bson import ObjectId

from app.config import current
from app.models.user import UserRecord


@dataclass(frozen=True)
class Caller:
    """Who asks. `user` and `session_id` are known once `authenticate` has proved them.

    access_token: what the request presented as proof, unread; None when it presented nothing.
    accepted_locale: the language the request asks for, if it asks for one we speak.
    """

    access_token: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    accepted_locale: str | None = None
    user: UserRecord | None = None
    session_id: ObjectId | None = None

    @property
    def origin(self) -> dict[str, str | None]:
        """Where they ask from, as security events keep it."""
        return {"ip_address": self.ip_address, "user_agent": self.user_agent}

    @property
    def locale(self) -> str:
        """The language of what is said to them: their wish, else their account's, else ours."""
        known = self.user.locale if self.user else None
        return self.accepted_locale or known or current().default_locale
