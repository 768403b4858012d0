"""One speaker's manner within one utterance: small and constant, so that sound still decides the motion."""

from __future__ import annotations

from dataclasses import dataclass
from math import radians

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DRIFT = (radians(1.4), radians(0.6), radians(0.9))  # yaw, pitch, roll; peak
DRIFT_BAND = (0.05, 0.16)  # Hz


@dataclass(frozen=True, slots=True)
class Style:
    """Gains about 1 of the mouth, of its rounding and of head and brows; ``lean`` -0.06..0.06 tells how much
    more the left side of the face does than the right; ``rates`` in rad/s and ``phases`` in rad, each
    (3, 2), are those of slow drift of the head.
    """

    articulation: float
    rounding: float
    animation: float
    lean: float
    rates: Array
    phases: Array

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Style:
        """A manner by chance."""
        return cls(
            articulation=float(rng.uniform(0.93, 1.07)),
            rounding=float(rng.uniform(0.93, 1.07)),
            animation=float(rng.uniform(0.88, 1.12)),
            lean=float(rng.uniform(-0.06, 0.06)),
            rates=2 * np.pi * rng.uniform(*DRIFT_BAND, (3, 2)),
            phases=rng.uniform(0, 2 * np.pi, (3, 2)),
        )

    def drift(self, time: Array) -> Array:
        """Yaw, pitch, roll (frames, 3) in radians at ``time`` (frames,) in seconds."""
        waves = np.sin(self.rates * time[:, None, None] + self.phases).mean(axis=2)
        return np.asarray(waves * np.array(DRIFT))
