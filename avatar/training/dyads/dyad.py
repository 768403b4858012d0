"""A conversation of two parties as a model is trained on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray


class Gesture(IntEnum):
    """What a face does now and then that no sound determines; the columns of ``Dyad.onsets``."""

    NOD = 0
    SMILE = 1
    BROWS = 2  # a raise of the brows
    TILT = 3  # of the head to one side
    SHIFT = 4  # of posture: the head settles elsewhere


GESTURES = len(Gesture)


@dataclass(frozen=True, slots=True)
class Dyad:
    """Two parties, 25 frames a second, 640 samples a frame.

    ``pcm``: float32 (2, 640 * frames) at 16 kHz. ``motion``: float32 (2, frames, 61), lids and eyes at rest.
    ``onsets``: float32 (2, frames, GESTURES), at the frame in which a gesture begins its signed strength
    (about 1; the sign tells left from right of ``TILT`` and ``SHIFT``), 0 elsewhere.
    ``holds_floor``: bool (2, frames), inside a turn of that party, pauses included; backchannels take none.
    ``valence``: float32 (2, frames), -1 sad or angry .. 1 glad, of that party.
    """

    pcm: FloatArray
    motion: FloatArray
    onsets: FloatArray
    holds_floor: NDArray[np.bool_]
    valence: FloatArray

    @property
    def frames(self) -> int:
        """Length in frames of 40 ms."""
        return int(self.motion.shape[1])
