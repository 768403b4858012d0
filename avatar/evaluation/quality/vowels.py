"""Vowels against each other: open ones open the jaw more than mid ones, these more than close ones; rounded
ones push the lips forward, spread ones don't.

Every pair of two instances from different classes, said by the same voice, counts once: correct if the right
one has the larger value (a tie is wrong, so a still face scores 0).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.evaluation.quality.bootstrap import weights
from avatar.evaluation.quality.performance import Performance, clusters, instances
from avatar.evaluation.quality.row import Row, Unit
from avatar.evaluation.quality.targets import AtLeast
from avatar.motion import Column

OPEN = frozenset(["AA", "AE", "AO", "AW", "AY"])
MID = frozenset(["EH", "AH", "ER", "OW", "EY"])
CLOSE = frozenset(["IY", "IH", "UW", "UH"])
ROUNDED = frozenset(["UW", "OW", "UH", "W", "AO"])
SPREAD = frozenset(["IY", "EH", "AE", "IH"])
VOWEL_ORDER = (("open over mid", OPEN, MID), ("mid over close", MID, CLOSE), ("open over close", OPEN, CLOSE))
ROUNDING = (("rounded over spread", ROUNDED, SPREAD),)
TARGET = AtLeast(0.85, ">= 85 %")

Array = NDArray[np.float64]
Kinds = Sequence[tuple[str, frozenset[str], frozenset[str]]]


def vowel_rows(performances: Sequence[Performance], section: str, prefix: str) -> list[Row]:
    """The share of pairs in order by jawOpen, and by mouthPucker + mouthFunnel, largest within the phone."""
    return [
        _row(
            performances, VOWEL_ORDER, (Column.jawOpen,), f"{prefix}.vowels", section,
            "jaw: open > mid > close vowels, pairs in order",
        ),
        _row(
            performances, ROUNDING, (Column.mouthPucker, Column.mouthFunnel), f"{prefix}.rounding", section,
            "pucker + funnel: rounded > spread, pairs in order",
        ),
    ]  # fmt: skip


def _row(
    performances: Sequence[Performance],
    kinds: Kinds,
    columns: tuple[Column, ...],
    key: str,
    section: str,
    what: str,
) -> Row:
    count = clusters(performances)
    right, pairs = _Tally(), _Tally()
    details: dict[str, float] = {}
    drawn = weights(count) if count else np.zeros((0, 0))
    for title, larger, smaller in kinds:
        of_kind_right, of_kind_pairs = _Tally(), _Tally()
        for performance in performances:
            one = _measured(performances, performance, larger, columns)
            other = _measured(performances, performance, smaller, columns)
            wins, sampled_wins, sampled_pairs = _pairs(one, other, drawn)
            of_kind_right.add(wins, sampled_wins)
            of_kind_pairs.add(len(one[0]) * len(other[0]), sampled_pairs)
        if of_kind_pairs.value:
            details[title] = of_kind_right.value / of_kind_pairs.value
        right.add(of_kind_right.value, of_kind_right.samples)
        pairs.add(of_kind_pairs.value, of_kind_pairs.samples)
    if not pairs.value:
        return Row(key, section, what, None, TARGET, Unit.SHARE, 0, "pairs", why="no two vowels to compare")
    kept = pairs.samples > 0
    return Row(
        key, section, what, right.value / pairs.value, TARGET, Unit.SHARE, int(pairs.value), "pairs",
        samples=right.samples[kept] / pairs.samples[kept], details=details,
    )  # fmt: skip


class _Tally:
    """A sum and its resamples."""

    def __init__(self) -> None:
        self.value = 0.0
        self.samples: Array = np.zeros(1)

    def add(self, value: float, samples: Array) -> None:
        self.value += value
        self.samples = self.samples + samples


def _measured(
    performances: Sequence[Performance],
    performance: Performance,
    names: frozenset[str],
    columns: tuple[Column, ...],
) -> tuple[Array, NDArray[np.intp]]:
    """Largest value within each instance in one performance, and its cluster among all of them."""
    values, of = [], []
    for item in instances(performances, names):
        if item.performance is performance:
            values.append(float(performance.motion[item.frames(), columns].sum(axis=1).max()))
            of.append(item.cluster)
    return np.array(values), np.array(of, dtype=np.intp)


def _pairs(
    one: tuple[Array, NDArray[np.intp]], other: tuple[Array, NDArray[np.intp]], drawn: Array
) -> tuple[float, Array, Array]:
    """Pairs in which ``one`` is larger, the same for each resample of utterances, and their pairs there."""
    (a, of_a), (b, of_b) = one, other
    if not len(a) or not len(b):
        return 0.0, np.zeros(len(drawn)), np.zeros(len(drawn))
    larger = a[:, None] > b[None, :]
    # wins between utterances, so that a resample needs no more than one small product
    rows = np.zeros((drawn.shape[1], len(b)))
    np.add.at(rows, of_a, larger.astype(np.float64))
    between = np.zeros((drawn.shape[1], drawn.shape[1]))
    np.add.at(between.T, of_b, rows.T)
    sampled = np.einsum("si,si->s", drawn @ between, drawn)
    pairs = drawn[:, of_a].sum(axis=1) * drawn[:, of_b].sum(axis=1)
    return float(larger.sum()), sampled, pairs
