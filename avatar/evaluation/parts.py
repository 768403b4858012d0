"""The three parts of FLAME-56 that are measured apart, and the check that motion can be measured at all."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FLAME_COLUMNS: Final = 56
PARTS: Final[dict[str, slice]] = {"exp": slice(0, 50), "jaw": slice(50, 53), "pose": slice(53, 56)}
"""Columns of expression (coefficients), jaw and neck (rotation vectors, radians); the papers call the neck
*pose*.
"""

Values = NDArray[np.float64]


class EvaluationError(ValueError):
    """Motion that can't be measured, with what is wrong and what is due."""


def frames_of(motion: NDArray[np.floating[Any]], whose: str, columns: int | None = None) -> Values:
    """Motion as float64 (T, columns).

    Raises ``EvaluationError`` for other shapes, fewer than 2 frames (they have no covariance), and numbers
    that aren't finite.
    """
    values = np.asarray(motion, dtype=np.float64)
    if values.ndim != 2 or (columns is not None and values.shape[1] != columns):
        raise EvaluationError(f"{whose} motion has shape {values.shape}; (T, {columns or 'columns'}) is due")
    if len(values) < 2:
        raise EvaluationError(f"{whose} motion has {len(values)} frames; at least 2 are needed")
    bad = np.argwhere(~np.isfinite(values))
    if bad.size:
        frame, column = (int(index) for index in bad[0])
        raise EvaluationError(f"{whose} motion is {values[frame, column]} in frame {frame}, column {column}")
    return values


def same_length(*named: tuple[str, Values]) -> None:
    """Raises ``EvaluationError`` unless all motions have as many frames as the first."""
    first, reference = named[0]
    for name, values in named[1:]:
        if len(values) != len(reference):
            raise EvaluationError(
                f"{name} motion has {len(values)} frames and {first} motion {len(reference)}; cut them alike"
            )
