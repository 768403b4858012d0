"""What a measured value has to reach, how far it is from that, and which of two values is the better one.

``loss`` orders values: lower is better, and values that a target holds for equally good have the same loss.
``score`` is 1 where the target is just reached, more where it is exceeded, for drawing rows side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float64]

MOST = 2.0  # highest score drawn


class Target(Protocol):
    """A bound, a range or an ideal."""

    @property
    def text(self) -> str:
        """The target in the row's unit, as printed."""
        ...

    def met(self, value: float) -> bool:
        """Whether ``value`` reaches it."""
        ...

    def loss(self, values: Values) -> Values:
        """How far values of any shape are from it; lower is better, infinity for what isn't a number."""
        ...

    def score(self, value: float) -> float:
        """1 where it is just reached, 0 as far off as can be drawn, at most 2."""
        ...


@dataclass(frozen=True, slots=True)
class AtLeast:
    """``bound`` or more; where ``graded``, still more is better."""

    bound: float
    text: str
    graded: bool = True

    def met(self, value: float) -> bool:
        """Whether ``value`` is ``bound`` or more."""
        return value >= self.bound

    def loss(self, values: Values) -> Values:
        """Minus the value where graded, else what is missing to the bound."""
        return _finite(-values if self.graded else np.maximum(self.bound - values, 0.0))

    def score(self, value: float) -> float:
        """The value in bounds."""
        return _score(value / self.bound)


@dataclass(frozen=True, slots=True)
class Within:
    """``low`` to ``high``, everything inside being equally good."""

    low: float
    high: float
    text: str

    def met(self, value: float) -> bool:
        """Whether ``value`` lies inside, ends included (to a billionth)."""
        return self.low - 1e-9 <= value <= self.high + 1e-9

    def loss(self, values: Values) -> Values:
        """Distance to the nearer end, 0 inside."""
        return _finite(np.maximum(np.maximum(self.low - values, values - self.high), 0.0))

    def score(self, value: float) -> float:
        """1 inside, falling to 0 half a range's width outside."""
        if not np.isfinite(value):
            return 0.0
        return _score(1 - float(self.loss(np.array(value))) / max((self.high - self.low) / 2, 1e-9))


@dataclass(frozen=True, slots=True)
class Below:
    """Less than ``bound``; where ``graded``, still less is better."""

    bound: float
    text: str
    graded: bool = True

    def met(self, value: float) -> bool:
        """Whether ``value`` is less than ``bound``."""
        return value < self.bound

    def loss(self, values: Values) -> Values:
        """The value where graded, else what is too much."""
        return _finite(values if self.graded else np.maximum(values - self.bound, 0.0))

    def score(self, value: float) -> float:
        """The bound in values; 2 for nothing at all."""
        return MOST if value == 0 else _score(self.bound / value)


@dataclass(frozen=True, slots=True)
class Near:
    """As near to ``ideal`` as can be, by ratio, and at most ``factor`` times more or less."""

    ideal: float
    factor: float
    text: str

    def met(self, value: float) -> bool:
        """Whether ``value`` lies within the factor."""
        return self.ideal / self.factor <= value <= self.ideal * self.factor

    def loss(self, values: Values) -> Values:
        """Size of the logarithm of value over ideal."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return _finite(np.abs(np.log(values / self.ideal)))

    def score(self, value: float) -> float:
        """2 at the ideal, 1 at the factor, 0 at its square."""
        return _score(2 - float(self.loss(np.array(value))) / np.log(self.factor))


def _finite(values: Values) -> Values:
    return np.asarray(np.where(np.isnan(values), np.inf, values), dtype=np.float64)


def _score(value: Any) -> float:
    return float(np.clip(value, 0.0, MOST)) if np.isfinite(value) else 0.0
