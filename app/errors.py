"""Errors: codes for programs, reasons for people, and the one exception."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Self

from app.described import Described


class ErrorCode(Described):
    """The code of an error. Codes that Apollo clients know have the same meaning."""

    BAD_REQUEST = "The HTTP request is invalid. Repeating it unchanged does not help."
    GRAPHQL_PARSE_FAILED = "The document is not GraphQL."
    GRAPHQL_VALIDATION_FAILED = "The document does not fit this schema."
    OPERATION_TOO_COMPLEX = "The operation exceeds a limit."
    PERSISTED_QUERY_NOT_FOUND = "The hash is unknown. Send it again, with the document."
    BAD_USER_INPUT = "A value is invalid. `fields` says which and why."
    UNAUTHENTICATED = "Nobody is signed in, or the credentials are invalid."
    FORBIDDEN = "The caller is signed in but may not do this."
    NOT_FOUND = "The requested object does not exist."
    CONFLICT = "The change conflicts with something that exists."
    TOO_MANY_REQUESTS = "Too many requests. Wait for `retryAfter` seconds."
    SERVICE_UNAVAILABLE = "The server cannot do this now. Try again later."
    INTERNAL_SERVER_ERROR = (
        "An unexpected error of the server. `requestId` identifies it in the server's log."
    )


class AnyErrorReason(Enum):
    """Base of all reasons: ``MEMBER = code, description``. An extension defines its own in a
    subclass and brings a sentence for each in every language."""

    code: ErrorCode
    description: str

    def __new__(cls, code: ErrorCode, description: str) -> Self:
        """A member of its own, even when code and description are alike."""
        reason = object.__new__(cls)
        reason._value_ = len(cls.__members__)
        reason.code = code
        reason.description = description
        return reason


class ErrorReason(AnyErrorReason):
    """The exact reason of an error. Each reason has one sentence in every language."""

    # the four standard ones
    INVALID_DATA = ErrorCode.BAD_USER_INPUT, "One or more values are invalid. `fields` names them."
    DOES_NOT_EXIST = ErrorCode.NOT_FOUND, "The requested object does not exist."
    ALREADY_EXISTS = ErrorCode.CONFLICT, "A value that must be unique is already taken."
    EXCEPTION = (
        ErrorCode.INTERNAL_SERVER_ERROR,
        "An unexpected error. Its details are in the server's log only.",
    )
    # of a field
    REQUIRED = ErrorCode.BAD_USER_INPUT, "The value is missing, null or blank."
    INVALID_EMAIL = ErrorCode.BAD_USER_INPUT, "Not an e-mail address that can receive mail."
    INVALID_CPF_CNPJ = ErrorCode.BAD_USER_INPUT, "Not a valid CPF or CNPJ."
    INVALID_DATE = ErrorCode.BAD_USER_INPUT, "Not a date, or a date outside the allowed range."
    INVALID_LOCALE = ErrorCode.BAD_USER_INPUT, "Not a language of this server."
    INVALID_COUNTRY = ErrorCode.BAD_USER_INPUT, "Not a country's ISO 3166-1 alpha-3 code."
    INVALID_POSTCODE = ErrorCode.BAD_USER_INPUT, "Not a CEP. Only checked for addresses in Brazil."
    INVALID_STATE = (
        ErrorCode.BAD_USER_INPUT,
        "Not the two letters of a state. Only checked for addresses in Brazil.",
    )
    TOO_SHORT = ErrorCode.BAD_USER_INPUT, "Fewer characters than the minimum."
    TOO_LONG = ErrorCode.BAD_USER_INPUT, "More characters than the maximum."
    PASSWORD_TOO_COMMON = (
        ErrorCode.BAD_USER_INPUT,
        "The password is one of the 10,000 most common passwords.",
    )
    PASSWORD_TOO_SIMILAR = (
        ErrorCode.BAD_USER_INPUT,
        "The password is the e-mail address or the name of the account.",
    )
    # of a credential
    INVALID_CREDENTIALS = (
        ErrorCode.UNAUTHENTICATED,
        "Unknown address, wrong password or inactive account. The answer does not say which.",
    )
    ACCOUNT_INACTIVE = ErrorCode.UNAUTHENTICATED, "The account of the token was deactivated."
    EMAIL_NOT_VERIFIED = (
        ErrorCode.FORBIDDEN,
        "The e-mail address must be verified before signing in.",
    )
    TOKEN_MISSING = (
        ErrorCode.UNAUTHENTICATED,
        "The request has no access token. Send `Authorization: Bearer <token>`.",
    )
    TOKEN_INVALID = (
        ErrorCode.UNAUTHENTICATED,
        "Not a token of this server, or a token of another kind.",
    )
    TOKEN_EXPIRED = (
        ErrorCode.UNAUTHENTICATED,
        "The token has expired. Refresh the session, or sign in.",
    )
    TOKEN_REVOKED = ErrorCode.UNAUTHENTICATED, "The session of the token has ended. Sign in again."
    TOKEN_REUSED = (
        ErrorCode.UNAUTHENTICATED,
        "A refresh token was used a second time, so its session was ended.",
    )
    LINK_INVALID = (
        ErrorCode.BAD_USER_INPUT,
        "Not a link of this server, or a link that was already used.",
    )
    LINK_EXPIRED = ErrorCode.BAD_USER_INPUT, "The link has expired. Request a new one."
    PERMISSION_DENIED = ErrorCode.FORBIDDEN, "The caller lacks a permission."
    LAST_ADMIN = ErrorCode.CONFLICT, "The change would leave no administrator who can sign in."
    TOO_MANY_ATTEMPTS = (
        ErrorCode.TOO_MANY_REQUESTS,
        "Too many attempts. Wait for `retryAfter` seconds.",
    )
    # of a request
    MALFORMED_REQUEST = ErrorCode.BAD_REQUEST, "The HTTP request is malformed, or cannot be served."
    SYNTAX_ERROR = (
        ErrorCode.GRAPHQL_PARSE_FAILED,
        "The document has a syntax error. See `locations`.",
    )
    INVALID_OPERATION = (
        ErrorCode.GRAPHQL_VALIDATION_FAILED,
        "The document does not fit the schema, or no operation was chosen.",
    )
    OPERATION_TOO_COMPLEX = (
        ErrorCode.OPERATION_TOO_COMPLEX,
        "The operation exceeds a limit. `limit` names it.",
    )
    PERSISTED_QUERY_NOT_FOUND = (
        ErrorCode.PERSISTED_QUERY_NOT_FOUND,
        "No document is stored for this hash.",
    )
    DATABASE_UNAVAILABLE = ErrorCode.SERVICE_UNAVAILABLE, "The database does not answer."
    OVERLOADED = ErrorCode.SERVICE_UNAVAILABLE, "The server is overloaded. Try again later."


REASONS: dict[str, AnyErrorReason] = dict(ErrorReason.__members__)
"""Every reason by its name, those of extensions too."""

FieldPath = tuple[str | int, ...]
FieldError = tuple[FieldPath, AnyErrorReason]


class AccountError(Exception):
    """An error that the client may see. Raise it where the fault is found; ``schema`` words it.

    resource: the kind of thing the reason is about ("user"), for sentences that name it.
    fields: each field at fault: its path within the input, in snake_case, and the reason.
    retry_after: whole seconds after which trying again can help.
    limit: the name and the maximum of the limit that was exceeded.
    """

    def __init__(
        self,
        reason: AnyErrorReason,
        *,
        resource: str | None = None,
        fields: Mapping[str, AnyErrorReason] | Sequence[FieldError] = (),
        retry_after: int | None = None,
        limit: tuple[str, int] | None = None,
    ) -> None:
        super().__init__(reason.name)
        self.reason = reason
        self.resource = resource
        self.fields: list[FieldError] = (
            [((name,), why) for name, why in fields.items()]
            if isinstance(fields, Mapping)
            else list(fields)
        )
        self.retry_after = retry_after
        self.limit = limit
