"""Nods on request, laid over whatever an animator does: a listener's quick, small, declining ones."""

from __future__ import annotations

from math import radians
from typing import Final

import numpy as np

from avatar.animator import FloatArray
from avatar.eye_turn import turn_eyes
from avatar.motion import Column, clip
from avatar.procedural.head import Nods

DEPTH: Final = (radians(2.6), radians(4.6))  # of the first cycle, at the slowest rate
BUSY_SPEED: Final = radians(0.7)  # of the head's pitch a frame, from which the animator nods already
BUSY_FRAMES: Final = 10  # 400 ms, for which that counts


class Nodding:
    """Adds nods to a face frame by frame; without a nod the motion passes through unchanged."""

    def __init__(self, seed: int | np.random.SeedSequence = 0) -> None:
        self._rng = np.random.default_rng(seed)
        self._nods = Nods(self._rng)
        self._pitch: float | None = None  # radians, of the animator's head
        self._busy = 0  # frames for which the animator's own nod still counts

    def start(self) -> bool:
        """Nod now; False, and nothing more, if the face nods already by itself or by us."""
        depth = float(self._rng.uniform(*DEPTH))
        if self._nods.nodding or self._busy:
            return False
        self._nods.start(depth)
        return True

    def step(self, motion: FloatArray) -> FloatArray:
        """The animator's frame (61,) with what there is of a nod; the eyes stay on what they look at."""
        pitch = float(motion[Column.headPitch])
        moved = 0.0 if self._pitch is None else abs(pitch - self._pitch)
        self._pitch = pitch
        self._busy = BUSY_FRAMES if moved > BUSY_SPEED else max(0, self._busy - 1)
        down = self._nods.step()
        if not down:
            return motion
        nodded = motion.astype(np.float64)
        nodded[Column.headPitch] += down
        turn_eyes(nodded, 0.0, -down)
        return clip(nodded)
