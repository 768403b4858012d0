"""Whether the sound that came while the agent speaks wants the floor, from where that sound began."""

from __future__ import annotations

from typing import Final

from orchestration.media import FRAME_SECONDS, FloatArray
from speech.claim import ClaimMeter

CLAIMED: Final = 0.12  # seconds of sure speech before it is judged


class HeardClaim:
    """Follows the user's sound, and how long ago the present overlap began, its own short pauses included."""

    def __init__(self) -> None:
        self._meter = ClaimMeter()
        self.forget()

    def forget(self) -> None:
        """What comes next is another overlap."""
        self._lasted = 0.0  # seconds; 0: nothing was sure yet

    def step(self, pcm: FloatArray) -> None:
        """Take a frame (640,) of the user at 16 kHz."""
        self._meter.step(pcm)
        if self._lasted:
            self._lasted += FRAME_SECONDS

    def claim(self, spoken: float) -> float | None:
        """The probability 0..1 after ``spoken`` seconds of sure speech, if these are enough."""
        if spoken < CLAIMED:
            return None
        self._lasted = self._lasted or spoken
        return self._meter.measure(self._lasted)
