"""Every reason there is, with its code and sentence: for clients to type and translate errors."""

import graphene

from app import errors
from app.locales import sentence
from schema.guard import public
from schema.types import ErrorCode, ErrorReason


class ErrorCatalogEntry(graphene.ObjectType):
    """One row of the catalogue, in the caller's language."""

    reason = graphene.Field(
        ErrorReason, required=True, description="Why; one of a list that grows with the server."
    )
    code = graphene.Field(
        ErrorCode,
        required=True,
        description="What a client switches on; several reasons share one.",
    )
    message = graphene.String(
        required=True,
        description="The sentence people read. `{}` stands where the name of a thing is put.",
    )


def resolve_error_catalog(root: None, info: graphene.ResolveInfo) -> list[dict]:
    locale = info.context.find_locale()
    return [
        {"reason": name, "code": reason.code, "message": sentence(reason, locale)}
        for name, reason in errors.REASONS.items()
    ]


error_catalog = public(
    graphene.Field(
        graphene.List(graphene.NonNull(ErrorCatalogEntry)),
        required=True,
        resolver=resolve_error_catalog,
        description="Every error reason with its code and message. Access: public.",
    )
)
