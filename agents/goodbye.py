"""Whether somebody takes their leave."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

GOODBYES: Final = (
    "bye",
    "bye bye",
    "goodbye",
    "good bye",
    "good night",
    "see you",
    "see you later",
    "see you soon",
    "see you tomorrow",
    "talk to you later",
    "have a nice day",
    "have a good day",
    "that's all",
    "that is all",
)
# Words that people put round a goodbye without changing what it means.
POLITE: Final = frozenset(
    (
        "ok",
        "okay",
        "alright",
        "all",
        "right",
        "well",
        "then",
        "so",
        "great",
        "perfect",
        "good",
        "thanks",
        "thank",
        "you",
        "very",
        "much",
        "for",
        "now",
        "today",
        "again",
        "and",
        "everyone",
        "i",
        "have",
        "to",
        "go",
        "must",
        "need",
    )
)
MOST_WORDS = 12  # a longer turn has something else to say as well


class Goodbyes:
    """Knows the phrases of people who leave; ``names`` are what they may call the agent."""

    def __init__(self, phrases: Iterable[str] = GOODBYES, names: Iterable[str] = ()) -> None:
        found = {tuple(_words(phrase)) for phrase in phrases}
        self._phrases = sorted(found - {()}, key=len, reverse=True)
        self._around = POLITE | {word for name in names for word in _words(name)}

    def __call__(self, text: str) -> bool:
        """Whether ``text`` takes leave: goodbyes and polite words, nothing else, and no question."""
        said = _words(text)
        if not said or len(said) > MOST_WORDS or text.rstrip().endswith("?"):
            return False
        at, left = 0, False
        while at < len(said):
            phrase = next((p for p in self._phrases if tuple(said[at : at + len(p)]) == p), None)
            if phrase is not None:
                left = True
                at += len(phrase)
            elif said[at] in self._around:
                at += 1
            else:
                return False
        return left


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.casefold().replace("\u2019", "'"))
