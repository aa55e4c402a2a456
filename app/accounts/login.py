"""Sign in with e-mail address and password."""

from collections.abc import Mapping
from typing import Any

from app.accounts.caller import Caller
from app.accounts.forms import LOGIN, load_form
from app.accounts.open_session import SignInResult
from app.accounts.proofs.password import prove_by_password, upgrade_hash
from app.accounts.sign_in import require_verified_email, sign_in
from app.events import emits_outcome
from app.security.throttle import Action, limit_attempts


@emits_outcome("login")
def login(given: Mapping[str, Any], caller: Caller) -> SignInResult:
    """Open a session on this device.

    The stages: check the proof, refuse or ask for more, open the session.
    Raises AccountError: INVALID_DATA for what is no address or no password;
    INVALID_CREDENTIALS for an unknown address, a wrong password and an inactive account, alike
    and in the same time; EMAIL_NOT_VERIFIED, after a right password, where the address must be
    (INVALID_CREDENTIALS where REGISTER_CONCEALS_ACCOUNTS, too);
    TOO_MANY_ATTEMPTS, whether there is such an account or not; OVERLOADED.
    """
    form = load_form(LOGIN, given)
    email, password = form["email"], form["password"]
    with limit_attempts(Action.LOGIN, account=email, address=caller.ip_address):
        user = prove_by_password(email, password, caller)
    require_verified_email(user)
    return sign_in(user, caller, upgrade_hash(user, password))
