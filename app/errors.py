"""Errors: codes for programs, reasons for people, and the one exception."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Self

from app.described import Described


class ErrorCode(Described):
    """What a client switches on. Values that Apollo clients already know keep their meaning."""

    BAD_REQUEST = "The HTTP request itself is at fault; sending it again unchanged cannot help."
    GRAPHQL_PARSE_FAILED = "The document is not GraphQL."
    GRAPHQL_VALIDATION_FAILED = "The document is GraphQL but does not fit this schema."
    OPERATION_TOO_COMPLEX = "The operation asks for more than one request may."
    PERSISTED_QUERY_NOT_FOUND = "The hash is not known yet: send it again with the document."
    BAD_USER_INPUT = "A value is at fault; `fields` says which and why."
    UNAUTHENTICATED = "Nobody is signed in, or what was presented as proof does not hold."
    FORBIDDEN = "The caller is known, and may not do this."
    NOT_FOUND = "What was asked for does not exist."
    CONFLICT = "What was given belongs to something that exists already."
    TOO_MANY_REQUESTS = "Slow down: `retryAfter` says for how many seconds."
    SERVICE_UNAVAILABLE = "The server cannot do this now; trying again later can help."
    INTERNAL_SERVER_ERROR = "An unforeseen fault of the server; `requestId` finds it in its log."


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
    """Why, exactly: each reason has one sentence in every language."""

    # the four standard ones
    INVALID_DATA = ErrorCode.BAD_USER_INPUT, "One or more of the values given are at fault."
    DOES_NOT_EXIST = ErrorCode.NOT_FOUND, "What was asked for does not exist."
    ALREADY_EXISTS = ErrorCode.CONFLICT, "A unique value is taken."
    EXCEPTION = ErrorCode.INTERNAL_SERVER_ERROR, "An unforeseen fault; its details stay in the log."
    # of a field
    REQUIRED = ErrorCode.BAD_USER_INPUT, "The value is missing, null or blank."
    INVALID_EMAIL = ErrorCode.BAD_USER_INPUT, "Not an e-mail address that can receive mail."
    INVALID_CPF_CNPJ = ErrorCode.BAD_USER_INPUT, "Not a CPF or CNPJ with right check digits."
    INVALID_DATE = ErrorCode.BAD_USER_INPUT, "Not a date, or not one that is possible here."
    INVALID_LOCALE = ErrorCode.BAD_USER_INPUT, "Not a language of this server."
    INVALID_COUNTRY = ErrorCode.BAD_USER_INPUT, "Not a country's ISO 3166-1 alpha-3 code."
    INVALID_POSTCODE = ErrorCode.BAD_USER_INPUT, "Not a CEP, in an address in Brazil."
    INVALID_STATE = ErrorCode.BAD_USER_INPUT, "Not a state's two letters, in an address in Brazil."
    TOO_SHORT = ErrorCode.BAD_USER_INPUT, "Fewer characters than the minimum."
    TOO_LONG = ErrorCode.BAD_USER_INPUT, "More characters than the maximum."
    PASSWORD_TOO_COMMON = (
        ErrorCode.BAD_USER_INPUT,
        "The password is among the 10,000 that attackers try first.",
    )
    PASSWORD_TOO_SIMILAR = (
        ErrorCode.BAD_USER_INPUT,
        "The password is the account's own e-mail address or name.",
    )
    # of a credential
    INVALID_CREDENTIALS = (
        ErrorCode.UNAUTHENTICATED,
        "Unknown address, wrong password or inactive account: told alike on purpose.",
    )
    ACCOUNT_INACTIVE = ErrorCode.UNAUTHENTICATED, "The token's account has been deactivated."
    EMAIL_NOT_VERIFIED = ErrorCode.FORBIDDEN, "The address must be verified before signing in."
    TOKEN_MISSING = ErrorCode.UNAUTHENTICATED, "This field needs `Authorization: Bearer <token>`."
    TOKEN_INVALID = ErrorCode.UNAUTHENTICATED, "Not a token of this server, or not of this kind."
    TOKEN_EXPIRED = ErrorCode.UNAUTHENTICATED, "The token's time is over: refresh, or log in."
    TOKEN_REVOKED = ErrorCode.UNAUTHENTICATED, "The token's session has ended: log in."
    TOKEN_REUSED = (
        ErrorCode.UNAUTHENTICATED,
        "A refresh token was presented a second time; its session has been ended.",
    )
    LINK_INVALID = ErrorCode.BAD_USER_INPUT, "Not a link of this server, or used already."
    LINK_EXPIRED = ErrorCode.BAD_USER_INPUT, "The link's time is over: ask for a new one."
    PERMISSION_DENIED = ErrorCode.FORBIDDEN, "The caller lacks the role that this field needs."
    LAST_ADMIN = ErrorCode.CONFLICT, "It would leave nobody who can sign in to administer."
    TOO_MANY_ATTEMPTS = ErrorCode.TOO_MANY_REQUESTS, "Too many attempts; wait `retryAfter` seconds."
    # of a request
    MALFORMED_REQUEST = ErrorCode.BAD_REQUEST, "The HTTP request cannot be understood or served."
    SYNTAX_ERROR = ErrorCode.GRAPHQL_PARSE_FAILED, "The document does not parse; see `locations`."
    INVALID_OPERATION = (
        ErrorCode.GRAPHQL_VALIDATION_FAILED,
        "The document does not fit the schema, or names no operation to run.",
    )
    OPERATION_TOO_COMPLEX = ErrorCode.OPERATION_TOO_COMPLEX, "A limit on operations was exceeded."
    PERSISTED_QUERY_NOT_FOUND = (
        ErrorCode.PERSISTED_QUERY_NOT_FOUND,
        "No document is stored for this hash.",
    )
    DATABASE_UNAVAILABLE = ErrorCode.SERVICE_UNAVAILABLE, "The database does not answer."
    OVERLOADED = ErrorCode.SERVICE_UNAVAILABLE, "More work than the server can take on now."


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
