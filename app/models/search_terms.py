"""What an account is found by: the start of its address and of the words of its name, folded.

A list by index needs an equality to begin with, so an account keeps every prefix of up to six
characters; a longer term is held against the whole words of the few accounts that are left.
"""

import re
import unicodedata
from typing import Any

from bson import Regex

LONGEST_PREFIX = 6  # characters; each one more is an entry more per word in three indexes
MOST_WORDS = 20  # of a name, which may have 120 characters
LONGEST_NAME_KEY = 240  # folding can make several characters of one
PARTS = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """The text without case, accents and differences of form: João, JOAO and ｊｏａｏ are one."""
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(letter for letter in bare if unicodedata.category(letter) != "Mn")


def search_terms(*, email: str, full_name: str) -> dict[str, Any]:
    """What to $set wherever an address or a name is written: see the User document.

    name_key: what accounts are ordered by name with. search: the words and their first characters.
    """
    name = " ".join(fold(full_name).split())
    words = list(dict.fromkeys([fold(email), *_words(name)]))
    keys = {word[:length] for word in words for length in range(1, LONGEST_PREFIX + 1)}
    return {"name_key": name[:LONGEST_NAME_KEY], "search": {"keys": sorted(keys), "words": words}}


def search_filter(term: str) -> dict[str, Any] | None:
    """The filter that finds the accounts of a term: each of its words, parted by spaces, is the
    start of their address or of a word of their name. None when nothing of it is left, folded.
    """
    words = sorted(set(fold(term).split()), key=len, reverse=True)
    if not words:
        return None
    keys = list(dict.fromkeys(word[:LONGEST_PREFIX] for word in words))
    found: dict[str, Any] = {"search.keys": keys[0] if len(keys) == 1 else {"$all": keys}}
    long = [word for word in words if len(word) > LONGEST_PREFIX]
    if long:
        found["search.words"] = {"$all": [Regex(f"^{re.escape(word)}") for word in long]}
    return found


def _words(name: str) -> list[str]:
    """The words of a folded name, and the parts of a word: Ana-Lia is found by lia, too."""
    whole = name.split()
    parts = [part for word in whole for part in PARTS.findall(word)]
    return list(dict.fromkeys([*whole, *parts]))[:MOST_WORDS]
