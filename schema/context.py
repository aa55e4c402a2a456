"""The context of resolvers: the caller, and the viewer of the response."""

from contextlib import suppress
from dataclasses import dataclass, field

from bson import ObjectId

from app.accounts.authenticate import authenticate
from app.accounts.caller import Caller, SignedInCaller, sign_in_caller
from app.accounts.open_session import SignInResult
from app.accounts.session_list import ListedSession
from app.errors import AccountError, ErrorReason
from schema.engine.context import RequestContext


@dataclass
class Context(RequestContext):
    """The context of one request.

    caller: as the request presents itself; it never changes.
    viewer: who may see what the answer holds: the caller once the access token was checked, or
    the account that the mutation has just signed in.
    refusal: why the access token was last refused.
    account_id: the first account that was authenticated or signed in, for logs.
    sessions: by account, the sessions that were read for a whole page of accounts.
    """

    caller: Caller
    viewer: SignedInCaller | None = None
    refusal: AccountError | None = None
    account_id: ObjectId | None = None
    sessions: dict[ObjectId, list[ListedSession]] = field(default_factory=dict)

    @property
    def signed_in(self) -> SignedInCaller:
        """The viewer, in a resolver whose field declares that it needs one."""
        if self.viewer is None:
            raise RuntimeError("this field is not declared as signed in: see schema/guard.py")
        return self.viewer

    def require_viewer(self) -> SignedInCaller:
        """The viewer; authenticates the caller if that was not done yet.

        Raises AccountError: see `authenticate`.
        """
        return self.viewer or self.authenticate()

    def authenticate(self) -> SignedInCaller:
        """Check the access token, by one read, and make its account the viewer.

        When the database was not available, the same error is raised again without another
        attempt: a request waits for the database's time-out once.
        Raises AccountError: see `app.accounts.authenticate`.
        """
        if self.refusal and self.refusal.reason is ErrorReason.DATABASE_UNAVAILABLE:
            raise self.refusal
        try:
            self._see_as(authenticate(self.caller))
        except AccountError as refusal:
            self.viewer, self.refusal = None, refusal
            raise
        return self.signed_in

    def sign_in(self, result: SignInResult) -> SignInResult:
        """Let the account that a mutation signed in see what this mutation answers."""
        if result.tokens:
            session_id = result.session_id or self.signed_in.session_id
            self._see_as(sign_in_caller(self.caller, result.user, session_id))
        return result

    def find_locale(self) -> str:
        """The language of messages: the request's, else the account's, else the default.

        Reads the account when the request names no language and the caller is not known yet.
        """
        caller = self.caller
        if not caller.accepted_locale and caller.access_token and not self.refusal:
            with suppress(AccountError):  # the field that needs the token reports the error
                return self.require_viewer().locale
        return (self.viewer or caller).locale

    def _see_as(self, viewer: SignedInCaller) -> None:
        self.viewer = viewer
        self.account_id = self.account_id or viewer.user.id
