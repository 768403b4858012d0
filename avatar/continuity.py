"""A face that never stops: carries the motion over gaps in the animator and shuts the mouth after a barge-
in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.motion import ARTICULATORS, COLUMNS, MotionError, clip
from avatar.procedural.curves import ease
from avatar.procedural.idle import IdleLife

HANDOVER_FRAMES = 6  # 240 ms from one source of motion to another, most of it done after 200
SHUTTING = (0.5, 0.12, 0.0)  # what is left of the mouth's pose on the 1st, 2nd, 3rd frame: shut within 100 ms
OPENING_FRAMES = 3  # from a shut mouth back to the animator's, when the agent speaks again


class Continuity:
    """Stands between an animator and the wire, one frame at a time.

    While motion comes, it passes through unchanged. A missing frame (``None``) is counted in ``missed`` and
    replaced by idle life. Every change of source keeps the last frame's difference and lets it fade, so the
    face neither jumps nor freezes.
    """

    def __init__(self, seed: int = 0) -> None:
        self.missed = 0  # frames the animator did not deliver
        self._idle = IdleLife(seed)
        self._last: FloatArray | None = None
        self._was_idle = False
        self._offset = np.zeros(COLUMNS)  # fading difference to the present source
        self._since_change = HANDOVER_FRAMES  # frames
        self._pose = np.zeros(len(ARTICULATORS))  # the mouth's when it was told to shut
        self._shut_for: int | None = None  # frames; None while the mouth is free
        self._opening = OPENING_FRAMES  # frames since the mouth was freed

    @property
    def mouth_closed(self) -> bool:
        """Whether the mouth is held shut after ``close_mouth``."""
        return self._shut_for is not None

    def close_mouth(self) -> None:
        """Shut the mouth within 100 ms whatever the animator says, until the agent's next sound."""
        last = np.zeros(COLUMNS) if self._last is None else self._last
        self._pose = np.asarray(last[ARTICULATORS], dtype=np.float64)
        self._shut_for = 0

    def step(self, motion: FloatArray | None, agent_silent: bool) -> FloatArray:
        """The frame to send, float32 (61,), for the animator's frame or ``None`` where it is late or gone.

        ``agent_silent`` says whether this packet's agent sound is silent. Raises ``MotionError`` for a wrong
        shape; a frame with non-finite values counts as missed.
        """
        idle = self._idle.step()  # always advanced, so that its timing never depends on misses
        usable = motion is not None and _finite(motion)
        if not usable:
            self.missed += 1
        source = np.asarray(motion if usable else idle, dtype=np.float64)
        if self._last is not None and self._was_idle is usable:  # the source changed
            self._offset = self._last - source
            self._since_change = 0
        self._was_idle = not usable
        self._since_change = min(self._since_change + 1, HANDOVER_FRAMES)
        frame = source
        if self._since_change < HANDOVER_FRAMES:
            left = np.full(COLUMNS, 1.0 - ease(self._since_change / HANDOVER_FRAMES))
            if not usable:
                left[ARTICULATORS] = _shutting(self._since_change - 1)
            frame = source + left * self._offset
        self._last = clip(self._mouth(frame, agent_silent))
        return self._last.copy()

    def _mouth(self, frame: NDArray[np.float64], agent_silent: bool) -> NDArray[np.float64]:
        frame = frame.copy()
        if self._shut_for is not None and self._shut_for >= len(SHUTTING) and not agent_silent:
            self._shut_for = None
            self._opening = 0
        if self._shut_for is not None:
            frame[ARTICULATORS] = self._pose * _shutting(self._shut_for)
            self._shut_for += 1
        elif self._opening < OPENING_FRAMES:
            self._opening += 1
            frame[ARTICULATORS] *= ease(self._opening / OPENING_FRAMES)
        return frame


def _shutting(frames: int) -> float:
    return SHUTTING[frames] if frames < len(SHUTTING) else 0.0


def _finite(motion: FloatArray) -> bool:
    if motion.shape != (COLUMNS,):
        raise MotionError(f"motion has shape {motion.shape}; one frame is ({COLUMNS},)")
    return bool(np.isfinite(motion).all())
