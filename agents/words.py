"""Words of a running text, and which of them end a sentence or a clause."""

# ruff: noqa: RUF001 -- the look-alike punctuation of other scripts is what this file is about

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto

# Chinese and Japanese, with their punctuation: no spaces between words. (Hangul has spaces.)
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff"
_WIDE_CLOSERS = "。！？｡、，；：」』】）》"
_WORD = re.compile(rf"[{_WIDE}][{_WIDE_CLOSERS}]*|[^\s—{_WIDE}]*—+|[^\s—{_WIDE}]+")
_CLOSERS = "\"'”’)]»」』】）》*_"
_OPENERS = "\"'“‘([«「『【（《*_"
_INITIALS = re.compile(r"(?:[a-z]\.)+[a-z]")  # u.s, a.m; the last stop is already off

WIDE_WEIGHT = 0.5  # of a word, for one Chinese or Japanese character
# Never the end of a sentence.
_TITLES = re.compile("dr|mr|mrs|ms|prof|st|rev|gen|sen|rep|capt|lt|col|sgt|mt|ft|vs|approx|ca|fig|eq|vol|cf")
# The end of a sentence before a capital only: "Ice, cake, etc. The café", but "etc. and".
_AMBIGUOUS = re.compile("etc|inc|ltd|co|corp|dept|jr|sr|ph.d|am|pm|jan|feb|mar|apr|aug|sept|oct|nov|dec")
_NUMBERED = re.compile("no|nos|pp|sec|ch|art")  # belong to a number that follows: "No. 5"
# Words that a speaker may pause before.
_LINK = re.compile(
    "and|but|or|so|because|although|though|while|when|where|which|who|that|if|unless|until|before|after|as|at|in|on"
    "|with|for|from|by|near|during|through|between|into|about|next"
)
# Words that a speaker doesn't pause after, besides those.
_WEAK = re.compile(
    "an?|the|this|these|those|my|your|his|her|its|our|their|of|to|is|are|was|were|be|been|am|do|does|did|has|have"
    "|had|can|could|will|would|shall|should|may|might|must|not?|very|more|most|than|i|you|he|she|it|we|they"
)


class Ending(Enum):
    """What a word ends."""

    NOTHING = auto()
    CLAUSE = auto()
    SENTENCE = auto()


def words(text: str) -> Iterator[tuple[int, int]]:
    """Where the words of ``text`` are, with their punctuation; a Chinese or Japanese character is a word."""
    return (match.span() for match in _WORD.finditer(text))


def weight(word: str) -> float:
    """How many words ``word`` counts for."""
    return WIDE_WEIGHT if re.match(f"[{_WIDE}]", word) else 1.0


def is_link(word: str) -> bool:
    """Whether a speaker may pause before ``word``."""
    return _LINK.fullmatch(word.lower()) is not None


def is_weak(word: str) -> bool:
    """Whether a pause after ``word`` would sound wrong: articles, prepositions, numbers, titles."""
    bare = word.lower().strip(_OPENERS + ".")
    weak = any(pattern.fullmatch(bare) for pattern in (_LINK, _WEAK, _TITLES))
    return weak or word[-1].isdigit() or word[-1] in _OPENERS


def ending(word: str, following: str, *, first: bool) -> Ending:
    """What ``word`` ends, by its punctuation and the character ``following`` it ('' at the text's end).

    ``first`` says that it is the clause's first word: a number with a full stop is then a list's.
    """
    core = word.rstrip(_CLOSERS) or word
    last = core[-1]
    if last in "!?。！？｡":
        return Ending.SENTENCE
    if last in ",;:—、，；：…" or core.endswith("..") or core in {"-", "–", "--"}:
        return Ending.CLAUSE
    if last != ".":
        return Ending.NOTHING
    stem = core[:-1].lstrip(_OPENERS).lower()
    capital = not following or following.isupper() or following in _OPENERS
    if _TITLES.fullmatch(stem) or (len(stem) == 1 and stem.isalpha() and stem != "i"):
        return Ending.NOTHING
    if _NUMBERED.fullmatch(stem) and following.isdigit():
        return Ending.NOTHING
    if first and stem.isdigit():
        return Ending.NOTHING
    if (_AMBIGUOUS.fullmatch(stem) or _INITIALS.fullmatch(stem)) and not capital:
        return Ending.NOTHING
    return Ending.SENTENCE
