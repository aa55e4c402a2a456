"""Search of accounts: by the start of the address and of the words of the name, folded.

An index answers equality, so an account stores every prefix of up to six characters of its words.
The rest of a longer term is compared with the whole words of the accounts that its prefix finds.
"""

import re
import unicodedata
from typing import Any

from bson import Regex

LONGEST_PREFIX = 6  # characters; one more costs an entry per word in three indexes
MOST_WORDS = 20  # of a name, which may have 120 characters
LONGEST_NAME_KEY = 240  # folding can make several characters of one
PARTS = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Return the text without case, accents and width: João, JOAO and ｊｏａｏ become the same."""
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(letter for letter in bare if unicodedata.category(letter) != "Mn")


def search_terms(*, email: str, full_name: str) -> dict[str, Any]:
    """Return what to $set whenever an address or a name is written: see the User document.

    name_key: the key by which accounts are ordered by name. search: the words and their prefixes.
    """
    name = " ".join(fold(full_name).split())
    words = list(dict.fromkeys([fold(email), *_words(name)]))
    keys = {word[:length] for word in words for length in range(1, LONGEST_PREFIX + 1)}
    return {"name_key": name[:LONGEST_NAME_KEY], "search": {"keys": sorted(keys), "words": words}}


def search_filter(term: str) -> dict[str, Any] | None:
    """Return the filter that finds the accounts of a term, or None if the term is empty, folded.

    Each of its words, separated by spaces, must be the start of the address or of a word of the
    name.
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
    """Return the words of a folded name, and the parts of words: lia finds Ana-Lia, too."""
    whole = name.split()
    parts = [part for word in whole for part in PARTS.findall(word)]
    return list(dict.fromkeys([*whole, *parts]))[:MOST_WORDS]
