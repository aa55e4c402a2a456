"""The browser and operating system of a user agent, in words: "Firefox, Windows"."""

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from app.models.session import USER_AGENT_LENGTH

if TYPE_CHECKING:
    from ua_parser import Parser

REMEMBERED = 1024  # user agents; few of a server's visitors differ


def describe_device(user_agent: str | None) -> str | None:
    """Return the browser and the system, or the one that is known; None if both are unknown.

    A user agent that was not seen before takes up to 7 ms.
    """
    return _read(user_agent[:USER_AGENT_LENGTH]) if user_agent else None


@lru_cache(maxsize=REMEMBERED)
def _read(user_agent: str) -> str | None:
    parser = _parser()
    found = (parser.parse_user_agent(user_agent), parser.parse_os(user_agent))
    # Android's own browser is called Android
    return ", ".join(dict.fromkeys(part.family for part in found if part)) or None


@cache
def _parser() -> "Parser":
    # Imported at first use: 50 ms and 4 MiB that most workers may never need. The lazy
    # patterns are compiled as they are tried: 3 ms at once and 120 in all, instead of 175 at once.
    from ua_parser import Parser
    from ua_parser.basic import Resolver
    from ua_parser.loaders import load_lazy_builtins

    return Parser(Resolver(load_lazy_builtins()))
