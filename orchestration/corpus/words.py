"""From a transcript to words that a dictionary has: numbers spoken out, initials spelled, compounds split."""

from __future__ import annotations

import re
from collections.abc import Callable

from speech.spoken_text import read_tokens

_INITIALS = re.compile(r"(?:[A-Z]\.?){2,5}|[A-Z]")
_SHORTEST_PART = 3  # letters of a compound's part
_PREFIXES = ("re", "un")


def dictionary_words(text: str, knows: Callable[[str], bool]) -> list[str]:
    """What is said for ``text``, in lower case; a word that can't be resolved is left as it is.

    ``knows`` tells whether a lower-case word is in the dictionary.
    """
    result: list[str] = []
    for token in read_tokens(text):
        for part in re.findall(r"[A-Za-z'.]+", token.spoken.replace("-", " ")):
            bare = part.strip(".'") if not knows(part.lower()) else part
            if bare:
                result += _resolved(bare, knows)
    return result


def _resolved(word: str, knows: Callable[[str], bool]) -> list[str]:
    lower = word.lower()
    if knows(lower):
        return [lower]
    if _INITIALS.fullmatch(word):
        return list(lower.replace(".", ""))
    for cut in range(_SHORTEST_PART, len(lower) - _SHORTEST_PART + 1):
        if knows(lower[:cut]) and knows(lower[cut:]):
            return [lower[:cut], lower[cut:]]
    for prefix in _PREFIXES:
        if lower.startswith(prefix) and knows(prefix) and knows(lower.removeprefix(prefix)):
            return [prefix, lower.removeprefix(prefix)]
    return [lower]
