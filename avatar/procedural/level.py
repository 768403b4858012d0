"""How loud a voice is, relative to itself: an adaptive gate between silence, background noise and speech."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10

import numpy as np

from avatar.animator import SAMPLE_RATE, FloatArray

HOP_SAMPLES = 320  # two hops a frame
HOP_SECONDS = HOP_SAMPLES / SAMPLE_RATE  # 0.02 s

QUIETEST = -62.0  # dBFS; nothing below this ever counts as sound
LOUDEST_GATE = -32.0  # dBFS; nothing above this is ever taken for background
ABOVE_FLOOR = 9.0  # dB that speech must stand out of the background
BELOW_SPEECH = (
    36.0  # dB under the voice's own level at which it counts as silence; a telephone's /s/ is at 30
)
VOICE_RANGE = 28.0  # dB under the voice's own level at which loudness is 0
FLOOR_RISE = 8.0  # dB/s; how fast the background estimate follows a louder background
SPEECH_FALL = 2.0  # dB/s; how fast the voice's level estimate follows a quieter voice


@dataclass(frozen=True, slots=True)
class Level:
    """One hop's level: dBFS, whether it is sound rather than background, and 0..1 between gate and full
    voice.
    """

    db: float
    active: bool
    loudness: float


SILENCE = Level(db=-120.0, active=False, loudness=0.0)


class LevelTracker:
    """Follows a voice's level and its background's, one 20 ms hop at a time."""

    def __init__(self) -> None:
        self.speech = -20.0  # dBFS, loud hops of the voice
        self.floor = -62.0  # dBFS, background

    def step(self, hop: FloatArray) -> Level:
        """Level of one hop, float32 (320,)."""
        power = float(np.dot(hop, hop)) / len(hop)
        if power < 1e-10:  # digital silence says nothing about the room
            return SILENCE
        db = 10 * log10(power)
        self.floor = min(db, self.floor + FLOOR_RISE * HOP_SECONDS, -45.0)
        gate = min(max(self.floor + ABOVE_FLOOR, self.speech - BELOW_SPEECH, QUIETEST), LOUDEST_GATE)
        if db > self.speech:
            self.speech += 0.25 * (db - self.speech)
        elif db > self.floor + ABOVE_FLOOR:
            self.speech = max(self.speech - SPEECH_FALL * HOP_SECONDS, -45.0)
        loudness = 1.0 + (db - self.speech) / VOICE_RANGE
        return Level(db=db, active=db > gate, loudness=min(1.0, max(0.0, loudness)))
