"""An expression laid over whatever an animator does: smiles and brows that go with what is being said.

The lips' opening and everything else that shapes sounds stays the animator's.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from avatar.animator import FloatArray
from avatar.motion import Column, clip
from avatar.procedural.curves import Spring

RATE: Final = 4.5  # rad/s: most of a change is done after .9 s, no frame changes a weight by more than .03
STILL: Final = 1e-4  # weight below which nothing is left of it

SMILE: Final = 0.4  # weights at full strength, full valence or arousal
CHEEKS: Final = 0.2
FROWN: Final = 0.25
SORRY: Final = 0.4  # inner brows, of what is bad and calm
KNIT: Final = 0.25  # brows, of what is bad and excited
LIFT: Final = 0.3  # outer brows, of what is exciting
_TARGETS: Final[tuple[tuple[str, tuple[Column, ...]], ...]] = (
    ("smile", (Column.mouthSmileLeft, Column.mouthSmileRight)),
    ("cheeks", (Column.cheekSquintLeft, Column.cheekSquintRight)),
    ("frown", (Column.mouthFrownLeft, Column.mouthFrownRight)),
    ("sorry", (Column.browInnerUp,)),
    ("knit", (Column.browDownLeft, Column.browDownRight)),
    ("lift", (Column.browOuterUpLeft, Column.browOuterUpRight)),
)


class Expression:
    """Adds a smooth expression frame by frame; at rest the motion passes through unchanged."""

    def __init__(self, strength: float = 1.0) -> None:
        self._strength = strength  # 0..1
        self._springs = {name: Spring(RATE) for name, _ in _TARGETS}

    def step(self, motion: FloatArray, valence: float, arousal: float) -> FloatArray:
        """The frame (61,) on its way to the expression of ``valence`` -1..1 and ``arousal`` 0..1."""
        targets = self._targets(float(np.clip(valence, -1, 1)), float(np.clip(arousal, 0, 1)))
        weights = {name: spring.step(targets[name]) for name, spring in self._springs.items()}
        if max(abs(weight) for weight in weights.values()) < STILL:
            return motion
        face = np.asarray(motion, np.float64).copy()
        for name, columns in _TARGETS:
            face[list(columns)] += weights[name]
        return clip(face)

    def _targets(self, valence: float, arousal: float) -> dict[str, float]:
        good, bad = max(0.0, valence), max(0.0, -valence)
        weights = {
            "smile": SMILE * good,
            "cheeks": CHEEKS * good,
            "frown": FROWN * bad,
            "sorry": SORRY * bad * (1 - arousal),
            "knit": KNIT * bad * arousal,
            "lift": LIFT * arousal * (1 - bad),
        }
        return {name: self._strength * weight for name, weight in weights.items()}
