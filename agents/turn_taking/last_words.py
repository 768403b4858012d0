"""What the words so far say about whether more will follow: their last word, list or number, and length."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Ending(StrEnum):
    """What a turn's words end in; English."""

    NOTHING = "nothing"  # no words
    FILLER = "filler"  # um, let me think
    CONJUNCTION = "conjunction"  # and, because
    FUNCTION_WORD = "function_word"  # the, of, can: words that another one must follow
    NUMBER = "number"  # a digit or number word, which another may follow
    ANSWER = "answer"  # nothing but a word or two that are a whole answer: yes, no thanks
    TRAILING = "trailing"  # the recogniser itself wrote that it goes on: "...", ",", "-"
    WORD = "word"  # any other word


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FILLERS: Final = _set("um uh uhm umm er erm ehm eh hmm hm mm mmm well like so")
_FILLER_PHRASES: Final = (
    "let me think",
    "let me see",
    "let's see",
    "you know",
    "i mean",
    "hold on",
    "one moment",
    "one second",
    "wait a second",
    "how do i say",
    "what's it called",
)
_CONJUNCTIONS: Final = _set("""
    and or but because cause if when while although though unless until since whether then than nor plus
    """)
_FUNCTION_WORDS: Final = _set("""
    a an the this these those my your his her its our their some any every each
    of to in on at for from with by about into over under between through during without within as per via
    is are was were am be been being has had have do does did will would shall should
    can could may might must
    i'm i'd i'll i've you're you'd you'll you've he's she's it's we're we'd we'll we've they're they'd they'll
    that's there's what's who's where's here's i we he she they which who whose whom very too not don't
    doesn't didn't won't can't please just also only
    """)
_NUMBERS: Final = _set("""
    zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred
    thousand double triple
    """)
_ANSWERS: Final = _set("""
    yes yeah yep yup no nope nah okay ok sure right exactly correct thanks thank you hello hi hey goodbye bye
    please stop fine great good cool absolutely definitely maybe never always nothing none indeed
    """)
_WORD: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_GOES_ON: Final = ("...", "\u2026", ",", "-", "\u2013", "\u2014", ":", ";")


@dataclass(frozen=True, slots=True)
class LastWords:
    """The ending of a turn, its number of ``words``, and whether it is ``punctuated`` as a sentence.

    ``listing`` counts the numbers or comma-separated items at the end.
    """

    ending: Ending
    words: int
    punctuated: bool
    asks: bool
    listing: int


def last_words(text: str) -> LastWords:
    """Read the end of a transcript; any text will do, an empty one ends in nothing."""
    written = text.strip()
    words = [word.lower().replace("\u2019", "'") for word in _WORD.findall(written)]
    asks = written.endswith("?")
    punctuated = written.endswith((".", "!", "?")) and not written.endswith("...")
    numbers = _numbers_at_end(words)
    listing = max(numbers, _items_at_end(written))
    return LastWords(_ending(written, words, numbers), len(words), punctuated, asks, listing)


def _ending(written: str, words: list[str], numbers: int) -> Ending:
    if not words:
        return Ending.NOTHING
    if len(words) <= 3 and all(word in _ANSWERS for word in words):
        return Ending.ANSWER
    spoken = " ".join(words)
    if words[-1] in _FILLERS or spoken.endswith(_FILLER_PHRASES):
        return Ending.FILLER
    if words[-1] in _CONJUNCTIONS:
        return Ending.CONJUNCTION
    if words[-1] in _FUNCTION_WORDS:
        return Ending.FUNCTION_WORD
    if numbers:
        return Ending.NUMBER
    return Ending.TRAILING if written.endswith(_GOES_ON) else Ending.WORD


def _numbers_at_end(words: list[str]) -> int:
    count = 0
    for word in reversed(words):
        if word in _NUMBERS:
            count += 1
        elif word.isdecimal():
            count += len(word)  # "555" was said digit by digit, or might have been
        else:
            break
    return count


def _items_at_end(written: str) -> int:
    """Short items between commas at the end: "milk, butter, eggs" has three."""
    items = [item.split() for item in written.rstrip(" .,;").split(",")]
    short = 0
    for item in reversed(items):
        if not 1 <= len(item) <= 4:
            break
        short += 1
    return short if short >= 2 else 0
