"""The voices of those who have spoken in one conversation, and how like them another stretch sounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

ENOUGH: Final = 1.5  # seconds of speech from which a voice is known
SAME: Final = 0.7  # cosine from which a turn is taken for a voice that is known already
KEPT: Final = 20.0  # seconds of speech that a voice is the mean of: it may change
MOST: Final = 3  # voices, of people who share a microphone; who hasn't spoken longest is forgotten


@dataclass(slots=True)
class _Voice:
    directions: NDArray[np.float32]  # (conditions, 256), each of length 1
    seconds: float


class KnownVoices:
    """Whoever has had a turn is known from it: the user, another one, and a third at the same microphone."""

    def __init__(self) -> None:
        self._voices: list[_Voice] = []  # who spoke last is last

    def learn(self, directions: NDArray[np.float32], seconds: float) -> None:
        """Take in a turn's directions (conditions, 256), the plain one first, of ``seconds`` of speech."""
        voice = max(self._voices, key=lambda known: float(known.directions[0] @ directions[0]), default=None)
        if voice is None or float(voice.directions[0] @ directions[0]) < SAME:
            self._voices = [*self._voices, _Voice(directions, seconds)][-MOST:]
            return
        mean = (voice.directions * voice.seconds + directions * seconds) / (voice.seconds + seconds)
        voice.directions = (mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32)
        voice.seconds = min(KEPT, voice.seconds + seconds)
        self._voices.remove(voice)
        self._voices.append(voice)

    @property
    def any(self) -> bool:
        """Whether somebody is known well enough to be told from others."""
        return any(voice.seconds >= ENOUGH for voice in self._voices)

    def likeness(self, direction: NDArray[np.float32]) -> float | None:
        """The cosine of a direction (256,) with the voice that it is most like; None: none is known."""
        known = [float((v.directions @ direction).max()) for v in self._voices if v.seconds >= ENOUGH]
        return max(known, default=None)
