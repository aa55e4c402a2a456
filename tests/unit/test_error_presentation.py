"""Error presentation: every error reason of the engine has one in the contract."""

import pytest

from app.errors import AccountError, ErrorReason
from schema.engine.errors import EngineError, EngineReason
from schema.error_presentation import (
    build_entry,
    hide_unexpected_errors,
    to_account_error,
)


@pytest.mark.parametrize("reason", EngineReason)
def test_every_reason_of_the_engine_is_a_reason_of_the_contract(reason: EngineReason) -> None:
    assert to_account_error(EngineError(reason)).reason is ErrorReason[reason.name]


def test_fields_and_limit_are_kept() -> None:
    error = EngineError(
        EngineReason.INVALID_DATA,
        fields=[(("input", 0, "full_name"), EngineReason.REQUIRED)],
        limit=("depth", 10),
    )
    extensions = build_entry(to_account_error(error), "en", "r-1")["extensions"]
    assert extensions == {
        "code": "BAD_USER_INPUT",
        "reason": "INVALID_DATA",
        "requestId": "r-1",
        "fields": [
            {
                "field": "fullName",
                "path": ["input", 0, "fullName"],
                "reason": "REQUIRED",
                "message": "Required field",
            }
        ],
        "limit": {"name": "depth", "maximum": 10},
    }


def test_an_error_of_the_product_is_shown_and_any_other_is_hidden() -> None:
    def fail(error: Exception) -> None:
        raise error

    refusal = AccountError(ErrorReason.LAST_ADMIN)
    with pytest.raises(AccountError) as raised:
        hide_unexpected_errors(fail, refusal, request_id="r-1")
    assert raised.value is refusal
    with pytest.raises(AccountError, match=r"^EXCEPTION$"):
        hide_unexpected_errors(fail, ValueError("a secret"), request_id="r-1")
