"""Idle life: what a face does when nothing happens. Blinks, gaze, sway, breath; also the base under
everything else.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.motion import COLUMNS, HEAD, Column, clip
from avatar.procedural.blinks import Activity, Blinks
from avatar.procedural.curves import Drift
from avatar.procedural.gaze import Gaze
from avatar.procedural.head import Sway

Array = NDArray[np.float64]

SHIFT_BLINK = 0.18  # chance that a large gaze shift brings a blink
WARMTH = 0.05  # resting smile


class IdleLife:
    """Life of a face at rest; the same seed gives the same motion.

    Usable alone (``IdleLife(seed).step()``), or as the base of an animator that says what the agent is doing
    and adds its own head movement.
    """

    def __init__(self, seed: int | np.random.SeedSequence = 0) -> None:
        source = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        blinks, gaze, sway, warmth = (np.random.default_rng(child) for child in source.spawn(4))
        self.blinks = Blinks(blinks)
        self.gaze = Gaze(gaze)
        self._sway = Sway(sway)
        self._warmth = Drift(warmth, (WARMTH / 2,), (0.03, 0.15))

    def step(self) -> FloatArray:
        """The next frame of a face at rest, float32 (61,)."""
        return clip(self.advance(Activity.IDLE, np.zeros(3)))

    def advance(
        self, activity: Activity, head: Array, settled: Callable[[Array], Array] = lambda angles: angles
    ) -> Array:
        """The next frame (61,) as float64, with ``head`` (3,) radians added to the sway.

        ``settled`` has the last word on the head's angles, before the eyes make up for them.
        """
        motion = np.zeros(COLUMNS)
        rotation = self._sway.step() + head
        yaw, pitch = self.gaze.step(activity)
        rotation[0] += yaw
        rotation[1] += pitch
        rotation = settled(rotation)
        if self.gaze.shifted:
            self.blinks.answer(0.0, 0.08, SHIFT_BLINK)
        motion[HEAD] = rotation
        self.gaze.write(motion, rotation)
        motion[Column.eyeBlinkLeft] = motion[Column.eyeBlinkRight] = self.blinks.step(activity)
        motion[Column.mouthSmileLeft] = motion[Column.mouthSmileRight] = WARMTH + float(
            self._warmth.step()[0]
        )
        return motion
