"""One line of the table: a measured value, how sure it is, and what it has to reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from avatar.evaluation.quality.bootstrap import interval
from avatar.evaluation.quality.targets import Target


class Unit(StrEnum):
    """How a value is written."""

    SHARE = "%"  # 0..1 inside, printed as a percentage
    SECONDS = "ms"  # seconds inside, printed as milliseconds
    LAG = "ms late"  # the same, with its sign
    HERTZ = "Hz"
    PER_MINUTE = "/min"
    RATIO = "x"
    NUMBER = ""
    PROBABILITY = "p"


_DECIMALS = {Unit.HERTZ: 1, Unit.PER_MINUTE: 1, Unit.RATIO: 2}


@dataclass(frozen=True, eq=False)
class Row:
    """A measure of one animator.

    ``key`` is unique within a table; ``value`` is None where there was nothing to measure, ``why`` then says
    what, and ``failed`` whether that is the face's fault (it never nods) and not the material's. ``samples``
    are bootstrapped values, drawn so that those of two animators on the same material belong together one by
    one. ``count`` says of how many (``counted``) the value is made. ``details`` are further numbers for the
    report, ``note`` says the most telling of them. ``beat_both``: to be met, the other animator must be
    beaten as well.
    """

    key: str
    section: str
    what: str
    value: float | None
    target: Target
    unit: Unit
    count: int
    counted: str
    samples: NDArray[np.float64] | None = field(default=None, repr=False)
    details: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    why: str = ""
    failed: bool = False
    beat_both: bool = False

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % confidence interval by bootstrap, where there is one."""
        return None if self.samples is None or self.value is None else interval(self.samples)

    @property
    def met(self) -> bool | None:
        """Whether the target is reached, the other animator aside; None where the material can't tell."""
        if self.value is None:
            return False if self.failed else None
        return bool(self.target.met(self.value))

    @property
    def loss(self) -> float:
        """How far from the target, lower is better; infinity where there is no value."""
        return float("inf") if self.value is None else float(self.target.loss(np.array(self.value)))


def written(value: float | None, unit: Unit) -> str:
    """A value as people read it: shares in per cent, times in milliseconds."""
    if value is None:
        return "-"
    if unit is Unit.SHARE:
        return f"{100 * value:.1f} %"
    if unit is Unit.SECONDS:
        return f"{1000 * value:.0f} ms"
    if unit is Unit.LAG:
        return f"{1000 * value:+.0f} ms"
    if unit is Unit.PROBABILITY:
        return f"{value:.4f}"
    if unit is Unit.NUMBER:
        return f"{value:.3g}"
    return f"{value:.{_DECIMALS[unit]}f} {unit.value}"
