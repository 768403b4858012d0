"""How sure a figure is: 95 % intervals of shares and of medians."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

Z: Final = 1.959964  # of 95 %


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's interval of a share (0..1); the whole range where nothing was counted.

    Raises ``ValueError`` on more hits than cases.
    """
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is no share; count the cases that are hits among the cases")
    if of == 0:
        return 0.0, 1.0
    share = hits / of
    middle = (share + Z**2 / (2 * of)) / (1 + Z**2 / of)
    half = Z / (1 + Z**2 / of) * math.sqrt(share * (1 - share) / of + Z**2 / (4 * of**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """The order statistics between which the median lies (binomial); the whole range of few values."""
    if not values:
        raise ValueError("no values have a median; count how many there are first")
    ordered = np.sort(np.asarray(values, np.float64))
    half = Z * math.sqrt(ordered.size) / 2
    low = max(0, math.floor(ordered.size / 2 - half))
    high = min(ordered.size - 1, math.ceil(ordered.size / 2 + half))
    return float(ordered[low]), float(ordered[high])
