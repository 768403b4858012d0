"""What the user has said in this turn, with a little of what came before the detector noticed."""

from __future__ import annotations

from collections import deque

import numpy as np

from orchestration.media import FRAME_RATE, FloatArray, silence


class SpeechBuffer:
    """Keeps every frame of a turn; between turns only the last ``pre_roll_seconds``."""

    def __init__(self, pre_roll_seconds: float) -> None:
        self._pre_roll: deque[FloatArray] = deque(maxlen=max(1, round(pre_roll_seconds * FRAME_RATE)))
        self._turn: list[FloatArray] | None = None

    def keep(self, pre_roll_seconds: float) -> None:
        """Keep this much sound between turns from now on."""
        self._pre_roll = deque(self._pre_roll, maxlen=max(1, round(pre_roll_seconds * FRAME_RATE)))

    def append(self, pcm: FloatArray) -> None:
        """Add the next frame (640,)."""
        if self._turn is None:
            self._pre_roll.append(pcm)
        else:
            self._turn.append(pcm)

    def start(self) -> None:
        """A turn began; the pre-roll belongs to it. Does nothing within a turn."""
        if self._turn is None:
            self._turn = list(self._pre_roll)
            self._pre_roll.clear()

    def end(self) -> None:
        """Close the turn; its last frames become the pre-roll of the next one."""
        if self._turn is not None:
            self._pre_roll.extend(self._turn)
            self._turn = None

    def forget(self) -> None:
        """Drop the turn and all that was kept."""
        self._turn = None
        self._pre_roll.clear()

    def pcm(self) -> FloatArray:
        """The turn's sound so far (samples,), 16 kHz."""
        return np.concatenate(self._turn) if self._turn else silence(0)

    @property
    def seconds(self) -> float:
        """Length of the turn so far."""
        return len(self._turn or ()) / FRAME_RATE
