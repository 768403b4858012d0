"""What a listener answers: stretches of low pitch and ends of phrases in the partner's speech.

Both are found with the whole conversation at hand, apart from any animator: low pitch against the voice's own
26th percentile (Ward & Tsukahara 2000), ends of phrases from the phones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_RATE, FRAME_SAMPLES, FloatArray
from avatar.evaluation.quality.script import SILENCE, Placed
from avatar.procedural.level import HOP_SAMPLES, HOP_SECONDS, LevelTracker
from avatar.procedural.pitch import PitchTracker

LOW = 26  # percentile of the voice's pitch under which it is low
LOW_HOPS = round(0.12 / HOP_SECONDS)  # shortest stretch: 110 ms, in hops of 20 ms
LOW_GAP = 2  # unvoiced hops that don't interrupt a stretch
SPEECH_BEFORE = 0.7  # s of speech that must come before a stretch
PAUSE = 0.2  # s of silence that end a phrase
PHRASE = 0.7  # s of speech that make its end worth an answer

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cues:
    """Times in seconds: where stretches of low pitch begin, where phrases end."""

    low_pitch: Array
    phrase_ends: Array


def cues(pcm: FloatArray, placed: Sequence[Placed]) -> Cues:
    """Cues in one side's sound, float32 (samples,) at 16 kHz, and its utterances."""
    pitch = _pitch(pcm)
    voices: dict[str, list[Placed]] = {}
    for item in placed:
        voices.setdefault(item.utterance.voice, []).append(item)
    low = [_low_starts(pitch, items) for items in voices.values()]
    return Cues(
        low_pitch=np.sort(np.concatenate(low)) if low else np.zeros(0),
        phrase_ends=np.array(sorted(end for item in placed for end in _phrase_ends(item))),
    )


def _pitch(pcm: FloatArray) -> Array:
    """Pitch in Hz of each 20 ms hop, 0 where unvoiced."""
    level, tracker = LevelTracker(), PitchTracker()
    values = np.zeros(len(pcm) // HOP_SAMPLES)
    for frame in range(len(pcm) // FRAME_SAMPLES):
        sound = pcm[frame * FRAME_SAMPLES : (frame + 1) * FRAME_SAMPLES]
        if not sound.any():
            continue
        active = [level.step(sound[:HOP_SAMPLES]).active, level.step(sound[HOP_SAMPLES:]).active]
        found = tracker.step(sound, any(active))
        for hop in range(2):
            values[2 * frame + hop] = found[hop][0] if active[hop] else 0.0
    return values


def _low_starts(pitch: Array, placed: Sequence[Placed]) -> Array:
    """Starts, in seconds, of one voice's stretches of low pitch."""
    spans = [
        tuple(round(at / HOP_SECONDS) for at in (item.first / FRAME_RATE, item.last / FRAME_RATE))
        for item in placed
    ]
    voiced = np.concatenate([pitch[first:last] for first, last in spans])
    voiced = voiced[voiced > 0]
    if not len(voiced):
        return np.zeros(0)
    bound = float(np.percentile(voiced, LOW))
    starts: list[float] = []
    for item, (first, last) in zip(placed, spans, strict=True):
        earliest = item.spoken[0] + SPEECH_BEFORE
        begun, low, gap = first, 0, 0
        for hop in range(first, last):
            if not pitch[hop]:
                gap += 1
                if gap > LOW_GAP:
                    low = 0
                continue
            gap = 0
            if pitch[hop] > bound:
                low = 0
                continue
            begun = hop if low == 0 else begun
            low += 1
            if low == LOW_HOPS and begun * HOP_SECONDS >= earliest:
                starts.append(begun * HOP_SECONDS)
    return np.array(starts)


def _phrase_ends(placed: Placed) -> list[float]:
    """Ends of phrases of at least 0.7 s followed by at least 0.2 s of silence, or by the utterance's end."""
    ends: list[float] = []
    begun: float | None = None
    end = 0.0
    for phone in placed.phones:
        if phone.name == SILENCE:
            if begun is not None and phone.end - phone.start >= PAUSE:
                if end - begun >= PHRASE:
                    ends.append(end)
                begun = None
            continue
        begun = phone.start if begun is None else begun
        end = phone.end
    if begun is not None and end - begun >= PHRASE:
        ends.append(end)
    return ends
