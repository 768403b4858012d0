"""How speech ends: whether it ends low and soft, and how long its last voice lasts.

English turns that are over tend to end low and soft; those that go on end level (Gravano & Hirschberg 2011).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from speech.audio import FRAME_SAMPLES, FRAME_SECONDS
from speech.pitch import PitchFrame, PitchTracker

REGION: Final = 0.6  # seconds before the end that are looked at
HEARD: Final = 6.0  # seconds of the turn that tell the speaker's habit
QUIET: Final = 25.0  # dB below the loudest frame from which a frame is no part of the speech
_FRAMES: Final = round(REGION / FRAME_SECONDS)


@dataclass(frozen=True, slots=True)
class FinalProsody:
    """The last 600 ms of speech against the rest of the turn.

    ``pitch_rank`` (0..1) is the share of the turn's voice that is lower than its last, so that a flat speaker
    falls as far as a lively one; None where too little is voiced. ``energy_fall`` in dB that the last 200 ms
    are softer than the turn; ``voice`` in seconds of the last unbroken stretch of voice.
    """

    pitch_rank: float | None
    energy_fall: float
    voice: float


def final_prosody(pcm: NDArray[np.float32]) -> FinalProsody | None:
    """Hear the end of a turn (samples,) at 16 kHz, the silence after it left out; None without speech.

    About 1 ms for each second of sound.
    """
    latest = pcm[-round(HEARD / FRAME_SECONDS) * FRAME_SAMPLES :]
    count = latest.size // FRAME_SAMPLES
    tracker = PitchTracker()
    heard = [
        tracker.step(frame) for frame in latest[latest.size % FRAME_SAMPLES :].reshape(count, FRAME_SAMPLES)
    ]
    speech = _up_to_the_end(heard)
    if len(speech) < 3:
        return None
    return FinalProsody(_pitch_rank(speech), _energy_fall(speech), _last_voice(speech) * FRAME_SECONDS)


def _up_to_the_end(heard: list[PitchFrame]) -> list[PitchFrame]:
    loudest = max((frame.level for frame in heard), default=-np.inf)
    sounding = [index for index, frame in enumerate(heard) if frame.level >= loudest - QUIET]
    return heard[: sounding[-1] + 1] if sounding else []


def _pitch_rank(speech: list[PitchFrame]) -> float | None:
    voiced = [frame.hz for frame in speech if frame.voiced]
    last = [frame.hz for frame in speech[-_FRAMES:] if frame.voiced][-4:]
    if len(voiced) < 8 or len(last) < 2:
        return None
    return float(np.mean(np.array(voiced) < np.median(last)))


def _energy_fall(speech: list[PitchFrame]) -> float:
    levels = np.array([frame.level for frame in speech])
    loud = levels[levels >= levels.max() - QUIET]
    return float(np.median(loud) - levels[-5:].mean())


def _last_voice(speech: list[PitchFrame]) -> int:
    """Frames of the last stretch of voice, one unvoiced frame inside it forgiven."""
    flags = [frame.voiced for frame in speech[-_FRAMES:]]
    while flags and not flags[-1]:
        flags.pop()
    length = 0
    for index in range(len(flags) - 1, -1, -1):
        if not flags[index] and (index == 0 or not flags[index - 1]):
            break
        length += 1
    return length
