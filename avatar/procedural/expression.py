"""Brows and smiles: gestures that rise, hold and fade, whoever asks for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar.motion import Column
from avatar.procedural.curves import FRAME_SECONDS, Spring
from avatar.procedural.prosody import Prosody

Array = NDArray[np.float64]

SMILE_HOLD = (1.0, 2.2)  # s
BROW_HOLD = (0.25, 0.60)  # s
OWN_BROW = 0.32  # on an accent of the agent's own
OWN_BROW_CHANCE = 0.35
LIFT_BROW = 0.025  # brow weight a semitone of the agent's own pitch above its habit
SMILE_SHAPES = (
    (Column.mouthSmileLeft, 1.0),
    (Column.mouthSmileRight, 1.0),
    (Column.cheekSquintLeft, 0.55),
    (Column.cheekSquintRight, 0.55),
    (Column.eyeSquintLeft, 0.30),
    (Column.eyeSquintRight, 0.30),
)
BROW_SHAPES = (
    (Column.browInnerUp, 1.0),
    (Column.browOuterUpLeft, 0.75),
    (Column.browOuterUpRight, 0.75),
    (Column.eyeWideLeft, 0.20),
    (Column.eyeWideRight, 0.20),
)


class Gesture:
    """One expressive weight that is asked for, held for a while, and let go."""

    def __init__(self, rate: float) -> None:
        self._spring = Spring(rate)
        self._weight = 0.0
        self._left = 0.0  # s

    def start(self, weight: float, hold: float) -> None:
        """Raise to ``weight`` for ``hold`` seconds; a stronger gesture under way stays."""
        if weight > self._weight or self._left <= 0:
            self._weight = weight
        self._left = max(self._left, hold)

    def step(self) -> float:
        """Weight for the next frame."""
        self._left -= FRAME_SECONDS
        return self._spring.step(self._weight if self._left > 0 else 0.0)


class Expression:
    """The upper face and the smile."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._smile = Gesture(5.5)
        self._brow = Gesture(13.0)
        self._lift = Spring(9.0)

    def smile(self, weight: float) -> None:
        """Begin a smile."""
        self._smile.start(weight, float(self._rng.uniform(*SMILE_HOLD)))

    def raise_brows(self, weight: float) -> None:
        """Begin a raise of the brows."""
        self._brow.start(weight, float(self._rng.uniform(*BROW_HOLD)))

    def step(self, own: Prosody, mirrored_smile: float) -> tuple[float, float]:
        """Weights 0..1 of smile and brow for the next frame."""
        chance = self._rng.random()
        if own.accent and chance < OWN_BROW_CHANCE:
            self.raise_brows(OWN_BROW)
        lift = self._lift.step(max(0.0, min(own.lift, 8.0)) * own.loudness)
        smile = max(self._smile.step(), mirrored_smile)
        return smile, min(1.0, self._brow.step() + LIFT_BROW * lift)

    @staticmethod
    def write(motion: Array, smile: float, brow: float) -> None:
        """Add a smile and a brow raise to ``motion`` (61,)."""
        for column, amount in SMILE_SHAPES:
            motion[column] += amount * smile
        for column, amount in BROW_SHAPES:
            motion[column] += amount * brow
