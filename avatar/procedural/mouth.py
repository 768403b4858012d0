"""The mouth from the agent's own sound: articulation mixed into ARKit shapes, smoothed, shut in silence."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_RATE, FloatArray
from avatar.motion import COLUMNS, Column
from avatar.procedural.articulation import Articulation, ArticulationTracker
from avatar.procedural.prosody import Prosody

Array = NDArray[np.float64]

CLOSING = (0.55, 0.18, 0.0)  # what is left of the pose on the 1st, 2nd, 3rd silent frame: shut within 100 ms
JAW_STEP = 0.30  # most that the jaw moves in a frame
LIP_STEP = 0.25  # most that any other shape moves in a frame
JAW_TIME = 0.035  # s, time constant towards a new jaw target
LIP_TIME = 0.055  # s, lips are slower than the jaw's beat


def _pose(**shapes: float) -> Array:
    pose = np.zeros(COLUMNS)
    for name, value in shapes.items():
        sides = (name,) if name in Column.__members__ else (f"{name}Left", f"{name}Right")
        for side in sides:
            pose[Column[side]] = value
    return pose


POSES: Mapping[str, Array] = {
    "voice": _pose(jawOpen=0.12, mouthLowerDown=0.12, mouthUpperUp=0.06),
    "open": _pose(jawOpen=0.48, mouthLowerDown=0.24, mouthUpperUp=0.12, mouthStretch=0.06),
    "spread": _pose(
        jawOpen=0.02, mouthStretch=0.32, mouthDimple=0.12, mouthLowerDown=0.14, mouthUpperUp=0.12
    ),
    "rounded": _pose(mouthPucker=0.60, mouthFunnel=0.32),
    "hiss": _pose(jawOpen=0.07, mouthStretch=0.20, mouthLowerDown=0.24, mouthUpperUp=0.14),
    "hush": _pose(jawOpen=0.12, mouthFunnel=0.50, mouthPucker=0.24, mouthLowerDown=0.10, mouthUpperUp=0.08),
    "closed": _pose(mouthPress=0.30, mouthRollLower=0.16, mouthRollUpper=0.10),
}
"""What each articulation adds to the face at weight 1."""

_POSES = np.stack(list(POSES.values()))
_STEPS = np.full(COLUMNS, LIP_STEP)
_STEPS[Column.jawOpen] = JAW_STEP
_BLEND = np.full(COLUMNS, 1 - exp(-1 / FRAME_RATE / LIP_TIME))
_BLEND[Column.jawOpen] = 1 - exp(-1 / FRAME_RATE / JAW_TIME)


def target_pose(first: Articulation, second: Articulation) -> Array:
    """Shapes (61,) that one frame's two hops ask for."""
    # the later hop weighs more: it is nearer to where the mouth must be next
    weights = [0.4 * a + 0.6 * b for a, b in zip(_weights(first), _weights(second), strict=True)]
    return np.asarray(weights @ _POSES)


def _weights(sound: Articulation) -> tuple[float, ...]:
    """Weight of each of ``POSES``, in its order."""
    vowel = sound.voice * (1 - sound.closed)
    return (
        vowel,
        vowel * sound.open,
        vowel * sound.spread,
        vowel * sound.rounded,
        sound.hiss * (1 - sound.hush),
        sound.hiss * sound.hush,
        sound.closed,
    )


class Mouth:
    """One mouth, streaming. ``gain`` scales every shape."""

    def __init__(self, gain: float = 1.0) -> None:
        self._articulation = ArticulationTracker()
        self._gain = gain
        self._shapes: Array = np.zeros(COLUMNS)
        self._held: Array = np.zeros(COLUMNS)
        self._closure = 0.0
        self._silent = len(CLOSING)  # silent frames so far

    def step(self, pcm: FloatArray, prosody: Prosody) -> Array:
        """Mouth shapes (61,) for one frame of the agent's sound (640,) and its prosody."""
        hops = prosody.hops
        first, second = self._articulation.step(pcm, hops)
        if not (hops[0].level.active or hops[1].level.active):
            return self._shut()
        self._silent = 0
        target = self._gain * target_pose(first, second)
        change = np.clip(_BLEND * (target - self._shapes), -_STEPS, _STEPS)
        self._shapes = self._shapes + change
        self._closure += 0.7 * (0.4 * first.closed + 0.6 * second.closed - self._closure)
        return self._with_lips_closed()

    def _shut(self) -> Array:
        if self._silent == 0:
            self._held = self._shapes
        left = CLOSING[self._silent] if self._silent < len(CLOSING) else 0.0
        self._silent = min(self._silent + 1, len(CLOSING))
        self._shapes = self._held * left
        self._closure *= left
        return self._with_lips_closed()

    def _with_lips_closed(self) -> Array:
        # mouthClose shuts the lips over an open jaw when it equals jawOpen
        shapes = np.clip(self._shapes, 0.0, 1.0)
        shapes[Column.mouthClose] = self._closure * shapes[Column.jawOpen]
        return shapes
