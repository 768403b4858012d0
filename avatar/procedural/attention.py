"""Who talks, from the level of both voices alone, and so whether a face speaks, listens or idles."""

from __future__ import annotations

from typing import Final

from avatar.animator import FloatArray
from avatar.procedural.blinks import Activity
from avatar.procedural.level import HOP_SAMPLES, HOP_SECONDS, LevelTracker

ATTENTION: Final = 1.5  # s after the user's last sound for which the agent goes on listening
HANGOVER: Final = 0.2  # s of silence inside which speech is one phrase
# s after a pause is noticed, and the chance of a blink: listeners blink 250-500 ms after the end
LISTENER_BLINK: Final = (0.05, 0.30, 0.35)
SPEAKER_BLINK: Final = (0.0, 0.20, 0.35)  # after the agent's own phrase


class Talk:
    """Whether a voice speaks."""

    def __init__(self) -> None:
        self._level = LevelTracker()
        self.silence = 60.0  # s

    def step(self, pcm: FloatArray) -> bool:
        """Advance by a frame (640,); True on the frame at which a phrase is known to be over."""
        first, second = self._level.step(pcm[:HOP_SAMPLES]), self._level.step(pcm[HOP_SAMPLES:])
        before = self.silence
        self.silence = 0.0 if first.active or second.active else before + 2 * HOP_SECONDS
        return before < HANGOVER <= self.silence

    @property
    def sounds(self) -> bool:
        """Whether this very frame holds sound."""
        return self.silence == 0.0


def activity_of(own: Talk, user: Talk) -> Activity:
    """What a face does whose voice is ``own``."""
    if own.silence < HANGOVER:
        return Activity.SPEAKING
    return Activity.LISTENING if user.silence < ATTENTION else Activity.IDLE
