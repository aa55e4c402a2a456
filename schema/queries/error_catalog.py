"""Every reason there is, with its code and sentence: for clients to type and translate errors."""

import graphene

from app import errors
from app.locales import sentence
from schema.guard import public
from schema.types import ErrorCode, ErrorReason


class ErrorCatalogEntry(graphene.ObjectType):
    """One row of the catalogue, in the caller's language."""

    reason = graphene.Field(
        ErrorReason, required=True, description="The reason. New versions may add reasons."
    )
    code = graphene.Field(
        ErrorCode,
        required=True,
        description="The code. Several reasons have the same code.",
    )
    message = graphene.String(
        required=True,
        description="The sentence for people. `{}` is replaced by the name of a thing.",
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
