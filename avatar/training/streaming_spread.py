"""Where a data set's faces rest and how much each column of their motion moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from avatar.animator import FloatArray
from avatar.training.dualtalk_windows import Windows
from avatar.training.streaming_loss import Scale

MOST: Final = 400  # recordings that are read for it


@dataclass(frozen=True, slots=True)
class MotionSpread:
    """Mean, standard deviation, and that of the change from frame to frame, of each column; (columns,)."""

    mean: FloatArray
    place: FloatArray
    change: FloatArray

    def scale(self, *, arkit: bool) -> Scale:
        """Weights of the columns' errors; a column that never moves counts too: it is to rest."""
        return Scale.from_spread(self.place, self.change, np.ones(len(self.place), np.bool_), arkit=arkit)


def spread_of(windows: Windows) -> MotionSpread:
    """From the faces to be learnt in the windows' recordings, all or evenly chosen ones of them.

    Raises ``DatasetError`` for motion that can't be read.
    """
    pairs = list(dict.fromkeys(pair for pair, _ in windows.index))
    chosen = [pairs[index * len(pairs) // min(MOST, len(pairs))] for index in range(min(MOST, len(pairs)))]
    place, change = _Sums(windows.files.columns), _Sums(windows.files.columns)
    for pair in chosen:
        motion = windows.files.read(pair.motion(pair.agent))
        place.add(motion)
        change.add(np.diff(motion, axis=0))
    return MotionSpread(place.mean, place.deviation, change.deviation)


class _Sums:
    def __init__(self, columns: int) -> None:
        self._count = 0
        self._sum, self._squares = np.zeros(columns), np.zeros(columns)

    def add(self, rows: FloatArray) -> None:
        values = rows.astype(np.float64)
        self._count += len(values)
        self._sum += values.sum(axis=0)
        self._squares += np.square(values).sum(axis=0)

    @property
    def mean(self) -> FloatArray:
        mean: FloatArray = (self._sum / max(1, self._count)).astype(np.float32)
        return mean

    @property
    def deviation(self) -> FloatArray:
        count = max(1, self._count)
        variance = self._squares / count - np.square(self._sum / count)
        deviation: FloatArray = np.sqrt(np.maximum(variance, 0)).astype(np.float32)
        return deviation
