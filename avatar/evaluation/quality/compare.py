"""Two animators row by row, and whether the first reaches what it has to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from avatar.evaluation.quality.bootstrap import interval
from avatar.evaluation.quality.row import Row

SAME = 0.01  # relative difference of losses below which values without an interval are equal


class Verdict(StrEnum):
    """One row of an animator against another's."""

    BETTER = "better"
    EQUAL = "equal"
    WORSE = "worse"
    UNKNOWN = "-"


@dataclass(frozen=True, eq=False)
class Pair:
    """A row of the first animator, the same of the second if there is one, and of a ceiling if there is."""

    row: Row
    other: Row | None
    verdict: Verdict
    ceiling: Row | None = None

    @property
    def met(self) -> bool | None:
        """Whether the first reaches the row's target, and has a better value than the second where that is
        asked.
        """
        if self.row.met and self.row.beat_both and self.other is not None:
            return self.row.loss < self.other.loss
        return self.row.met


@dataclass(frozen=True, eq=False)
class Comparison:
    """All rows of one animator, beside those of another if there is one."""

    animator: str
    against: str | None
    pairs: tuple[Pair, ...]

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """How many rows are better, equal, worse, unknown."""
        return {verdict: sum(pair.verdict is verdict for pair in self.pairs) for verdict in Verdict}

    @property
    def no_worse(self) -> bool:
        """Whether every row is better than or equal to the other animator's."""
        return self.against is not None and self.counts[Verdict.WORSE] == 0

    @property
    def missed(self) -> tuple[Pair, ...]:
        """Rows whose target isn't reached."""
        return tuple(pair for pair in self.pairs if pair.met is False)


def compare(
    animator: str,
    rows: Sequence[Row],
    against: str | None = None,
    others: Sequence[Row] = (),
    ceiling: Sequence[Row] = (),
) -> Comparison:
    """Put rows side by side by their keys; all must come from the same material."""
    by_key = {row.key: row for row in others}
    best = {row.key: row for row in ceiling}
    pairs = []
    for row in rows:
        other = by_key.get(row.key)
        found = Verdict.UNKNOWN if other is None else verdict(row, other)
        pairs.append(Pair(row, other, found, best.get(row.key)))
    return Comparison(animator, against, tuple(pairs))


def verdict(row: Row, other: Row) -> Verdict:
    """Whether ``row`` is better than ``other``, equal to it or worse, by the target they share.

    Equal: both are where the target holds all values for equally good; or the 95 % interval of the paired
    difference takes in 0; or, without intervals, the losses are within 1 %. Unknown where the material
    couldn't tell of either.
    """
    if row.met is None or other.met is None:
        return Verdict.UNKNOWN
    mine, theirs = row.loss, other.loss
    if mine == theirs:
        return Verdict.EQUAL
    if np.isfinite(mine) and np.isfinite(theirs):
        if row.samples is not None and other.samples is not None:
            count = min(len(row.samples), len(other.samples))
            apart = row.target.loss(row.samples[:count]) - other.target.loss(other.samples[:count])
            low, high = interval(apart)
            if low <= 0 <= high:
                return Verdict.EQUAL
        elif abs(mine - theirs) <= SAME * max(abs(mine), abs(theirs)):
            return Verdict.EQUAL
    return Verdict.BETTER if mine < theirs else Verdict.WORSE
