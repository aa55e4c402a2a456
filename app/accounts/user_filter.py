"""The filter of the list of accounts."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import Schema, fields, post_load

from app.accounts.forms import load_form
from app.errors import ErrorReason
from app.models.search_terms import search_filter
from app.validation.text import Text, refuse

LONGEST_TERM = 100  # characters


def conditions(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the MongoDB filter for the given conditions: search, active, email_verified, role,
    created_after, created_before. Null and a blank search are no condition.

    Raises AccountError(INVALID_DATA) naming every invalid field, below `filter`.
    """
    if not given:
        return {}  # as most pages are asked for
    form = load_form(FILTER, given, ("filter",))
    where: dict[str, Any] = {
        name: form[name] for name in ("active", "email_verified") if name in form
    }
    if "role" in form:
        where["roles"] = form["role"].value
    bounds = {"$gt": form.get("created_after"), "$lt": form.get("created_before")}
    if bounds := {operator: at for operator, at in bounds.items() if at is not None}:
        where["created_at"] = bounds
    return where | form.get("search", {})


class Search(Text):
    """A search text, parsed to a MongoDB filter."""

    def parse(self, text: str) -> dict[str, Any]:
        found = search_filter(text)
        if found is None:
            raise refuse(ErrorReason.INVALID_DATA)
        return found


class Moment(fields.Field):
    """A time, in UTC unless it has an offset. It is truncated to milliseconds, which stored times
    have; the end of a range is rounded up.
    """

    def __init__(self, *, is_end: bool = False) -> None:
        super().__init__(allow_none=True)
        self.is_end = is_end

    def _deserialize(self, value: datetime, *_: Any, **__: Any) -> datetime:
        try:
            moment = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
            past = timedelta(microseconds=moment.microsecond % 1000)
            return moment - past + timedelta(milliseconds=1 if past and self.is_end else 0)
        except OverflowError:  # near the years 1 and 9999
            raise refuse(ErrorReason.INVALID_DATE) from None


class FilterForm(Schema):
    """Conditions joined by AND. GraphQL has checked their types."""

    search = Search(maximum=LONGEST_TERM)
    active = fields.Raw(allow_none=True)
    email_verified = fields.Raw(allow_none=True)
    role = fields.Raw(allow_none=True)
    created_after = Moment()
    created_before = Moment(is_end=True)

    @post_load
    def leave_out_nulls(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Drop conditions that are null."""
        return {name: value for name, value in data.items() if value is not None}


FILTER = FilterForm()
