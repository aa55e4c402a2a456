"""What resolvers know of a request: who asks, and in which language to answer."""

from contextlib import suppress
from dataclasses import dataclass, replace

from bson import ObjectId

from app.accounts.caller import Caller
from app.accounts.sessions import authenticate
from app.config import current
from app.errors import AccountError, ErrorReason
from schema.engine.context import RequestContext


@dataclass
class Context(RequestContext):
    """The context of one request. The guard proves `caller` where a field needs it.

    refusal: why the access token was last refused.
    proved_id: the first account that was proved, also when a later field acts for another one.
    """

    caller: Caller
    refusal: AccountError | None = None
    proved_id: ObjectId | None = None

    def prove_caller(self) -> None:
        """Authenticate `caller` by the access token. Raises AccountError: see `authenticate`.

        When the database was not available, the same error is raised again without another
        attempt: a request waits for the database's time-out once.
        """
        if self.refusal and self.refusal.reason is ErrorReason.DATABASE_UNAVAILABLE:
            raise self.refusal
        try:
            self.caller = authenticate(self.caller)
        except AccountError as refusal:
            self.refusal = refusal
            raise
        if self.proved_id is None and self.caller.user is not None:
            self.proved_id = self.caller.user.id

    @property
    def locale(self) -> str:
        """The language of messages: the request's, else the signed-in account's, else the default.

        Reads the database when only the account can tell.
        """
        caller = self.caller
        if not caller.accepted_locale and caller.user is None and caller.access_token:
            with suppress(AccountError):  # the field that needs the token reports what is wrong
                if not self.refusal:
                    self.prove_caller()
            if self.caller.user is None:
                self.caller = replace(caller, accepted_locale=current().default_locale)
        return self.caller.locale
