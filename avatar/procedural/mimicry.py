"""Mimicry: the user's smile and nods come back weaker, about 600 ms later (Hale 2020)."""

from __future__ import annotations

from collections import deque

from avatar.animator import FRAME_RATE, FloatArray
from avatar.motion import Column
from avatar.procedural.curves import Spring

LAG_FRAMES = round(0.6 * FRAME_RATE)  # 600 ms
SMILE_GAIN = 0.45
NOD_GAIN = 0.35
NOD_LIMIT = 0.06  # radians
POSTURE_RATE = 0.8  # rad/s; slower head movement than this counts as posture and is not copied
FOLLOW_RATE = 10.0  # rad/s, softness of the copy


class Mimicry:
    """Delays and attenuates what the user's face does. Unknown motion fades out."""

    def __init__(self, gain: float) -> None:
        self._gain = gain
        self._waiting: deque[tuple[float, float]] = deque([(0.0, 0.0)] * LAG_FRAMES)
        self._posture: Spring | None = None
        self._smile, self._nod = Spring(FOLLOW_RATE), Spring(FOLLOW_RATE)

    def step(self, user: FloatArray | None) -> tuple[float, float]:
        """Mirrored smile weight and head pitch in radians for the user's motion (61,), if known."""
        self._waiting.append(self._read(user))
        smile, pitch = self._waiting.popleft()
        return max(self._smile.step(smile), 0.0), self._nod.step(pitch)

    def _read(self, user: FloatArray | None) -> tuple[float, float]:
        if user is None:
            self._posture = None
            return 0.0, 0.0
        pitch = float(user[Column.headPitch])
        if self._posture is None:
            self._posture = Spring(POSTURE_RATE)
            self._posture.value = pitch
        movement = pitch - self._posture.step(pitch)
        smile = 0.5 * float(user[Column.mouthSmileLeft] + user[Column.mouthSmileRight])
        nod = min(max(NOD_GAIN * movement, -NOD_LIMIT), NOD_LIMIT)
        return self._gain * SMILE_GAIN * min(max(smile, 0.0), 1.0), self._gain * nod
