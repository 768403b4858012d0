# ruff: noqa: RUF001 - these are phonetic letters
"""Which token does each symbol of a phonemised clause belong to?

A phonemiser works on whole clauses and may join words ("in the" becomes one). Each token is also phonemised
alone, and the two strings are aligned by edit distance, so that every symbol of the clause gets an owner.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np

_UNSOUNDED = frozenset("ˈˌː")  # stress and length differ between a word alone and in its clause
_VOWELS = frozenset("aeiouyæøœɐɑɒɔəɘɚɛɜɞɤɨɪɯɵɶʉʊʌʏᵻ")


def _cost(one: str, other: str) -> float:
    if one == other:
        return 0.0
    if (one == " ") != (other == " "):
        return 3.0  # a gap between words is matched with a gap, or with nothing
    return 0.6 if (one in _VOWELS) == (other in _VOWELS) else 1.2


def _is_sounded(symbol: str) -> bool:
    return symbol not in _UNSOUNDED and not unicodedata.combining(symbol)


def owners(alone: Sequence[str], together: str) -> list[int]:
    """For each symbol of ``together``, the index of the token in ``alone`` that it voices; never decreasing.

    ``alone`` holds each token's symbols when spoken by itself; ``together`` those of the whole clause. Spaces
    belong to the token before them.
    """
    words = together.split(" ")
    counts = [len(token.split()) for token in alone]
    if sum(counts) == len(words) and together:  # no words were joined: pair them off
        by_word = [token for token, count in enumerate(counts) for _ in range(count)]
        return [owner for word, owner in zip(words, by_word, strict=True) for _ in f"{word} "][:-1]
    labelled = [
        (symbol, token)
        for token, symbols in enumerate(alone)
        for symbol in (f" {symbols}" if token else symbols)
        if _is_sounded(symbol)
    ]
    sounded = [at for at, symbol in enumerate(together) if _is_sounded(symbol)]
    matched = _match([symbol for symbol, _ in labelled], [together[at] for at in sounded])
    result = [0] * len(together)
    known = {at: labelled[match][1] for at, match in zip(sounded, matched, strict=True) if match is not None}
    # A stress mark opens the syllable that follows it; other unmatched symbols stay with what came before.
    owner = 0
    for at, symbol in enumerate(together):
        if symbol in "ˈˌ":
            following = next(
                (known[later] for later in range(at + 1, len(together)) if later in known), owner
            )
            owner = max(owner, following)
        else:
            owner = max(owner, known.get(at, owner))
        result[at] = owner
    for at in range(len(together) - 1, 0, -1):
        if together[at] == " ":
            result[at] = result[at - 1]
    return result


def gaps_to_next(together: str, owner_of: Sequence[int]) -> list[int]:
    """``owner_of`` with each space given to the token after it.

    In running speech nobody pauses between words: what a model spends on the space is the closure or breath
    with which the next word begins (measured against forced alignment).
    """
    result = list(owner_of)
    for at in range(len(together) - 2, -1, -1):
        if together[at] == " ":
            result[at] = result[at + 1]
    return result


def _match(one: Sequence[str], other: Sequence[str]) -> list[int | None]:
    """For each symbol of ``other``, the index of its partner in ``one`` on the cheapest path, if any."""
    table = np.zeros((len(other) + 1, len(one) + 1))
    table[0, :] = np.arange(len(one) + 1)
    table[:, 0] = np.arange(len(other) + 1)
    for row, symbol in enumerate(other, 1):
        for column, partner in enumerate(one, 1):
            table[row, column] = min(
                table[row - 1, column - 1] + _cost(symbol, partner),
                table[row - 1, column] + 1.0,
                table[row, column - 1] + 1.0,
            )
    result: list[int | None] = [None] * len(other)
    row, column = len(other), len(one)
    while row and column:
        here = table[row, column]
        if here == table[row - 1, column - 1] + _cost(other[row - 1], one[column - 1]):
            row, column = row - 1, column - 1
            result[row] = column
        elif here == table[row - 1, column] + 1.0:
            row -= 1
        else:
            column -= 1
    return result
