"""Cuts a streaming reply into clauses that can be spoken one after another, the first one early."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from agents.words import Ending, ending, is_link, is_weak, weight, words

MIN_LINK_WORDS = 3  # a linking word earlier than this is no place to stop


class ClauseConfig(BaseModel):
    """How long clauses are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_words: int = Field(
        default=7, ge=1, le=40, description="Longest first clause, words; short, since the user waits for it."
    )
    first_comma_words: int = Field(
        default=2, ge=1, le=40, description="Words after which the first clause may end at a comma."
    )
    first_link_words: int = Field(
        default=4,
        ge=1,
        le=40,
        description="Words after which the first clause may end before a link (and, from).",
    )
    words: int = Field(default=22, ge=1, le=100, description="Longest later clause, words.")
    comma_words: int = Field(
        default=5, ge=1, le=100, description="Words after which a later clause may end at a comma."
    )
    characters: int = Field(
        default=240, ge=20, le=1000, description="Longest clause, characters; even a word is cut there."
    )


@dataclass(frozen=True, slots=True)
class _Limits:
    words: float  # longest clause
    comma: float  # words before a comma that ends it
    link: float  # words before a linking word that ends it
    characters: int


class ClauseSplitter:
    """Turns the pieces of one reply into clauses, each given out as soon as it is sure where it ends.

    Where clauses end depends on the text alone, never on how it came in pieces; together they are the text,
    except for white space. Numbers, times, abbreviations, addresses and ellipses stay whole.
    """

    def __init__(self, config: ClauseConfig | None = None) -> None:
        config = config or ClauseConfig()
        self._first = _Limits(
            config.first_words, config.first_comma_words, config.first_link_words, config.characters
        )
        self._later = _Limits(config.words, config.comma_words, math.inf, config.characters)
        self._limits = self._first
        self._text = ""

    def feed(self, delta: str) -> list[str]:
        """Take a piece of the reply; returns the clauses that are now complete."""
        self._text += delta
        return self._take(final=False)

    def flush(self) -> list[str]:
        """The reply is over: returns what remains, and starts afresh."""
        clauses = self._take(final=True)
        self._limits = self._first
        return clauses

    def _take(self, *, final: bool) -> list[str]:
        clauses = []
        while end := _clause_end(self._text, self._limits, final):
            clauses.append(" ".join(self._text[:end].split()))
            self._text = self._text[end:]
            self._limits = self._later
        return clauses


def _clause_end(text: str, limits: _Limits, final: bool) -> int:
    """Where the first clause of ``text`` ends, 0 if more text is needed to tell.

    Walks from left to right and decides after each word from that word and the character after it, so that
    more text never changes an answer.
    """
    start = len(text) - len(text.lstrip())
    count = 0.0  # words so far
    link = safe = 0  # last places before a linking word, and after a word that can be paused after
    speakable = False
    for begin, end in words(text):
        if end - start > limits.characters:
            return link or safe or (begin if begin > start else start + limits.characters)
        rest = text[end:].lstrip()
        if not rest and not final:
            return 0
        word = text[begin:end]
        if is_link(word) and speakable and count >= MIN_LINK_WORDS:
            link = begin
            if count >= limits.link:
                return link
        first = count == 0
        count += weight(word)
        speakable = speakable or any(map(str.isalnum, word))
        if not speakable:
            continue
        found = ending(word, rest[:1], first=first)
        newline = "\n" in text[end : len(text) - len(rest)]
        if found is Ending.SENTENCE or newline or (found is Ending.CLAUSE and count >= limits.comma):
            return end
        if not is_weak(word):
            safe = end
        if count >= limits.words:
            return link or safe or end
    return len(text) if final and text.strip() else 0
