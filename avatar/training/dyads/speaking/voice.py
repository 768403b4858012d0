"""What a whole utterance sounds like: loudness and pitch against its own habit, and where there is speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d, median_filter, uniform_filter1d

from avatar.animator import FRAME_SAMPLES, SAMPLE_RATE, FloatArray
from avatar.procedural.level import QUIETEST, VOICE_RANGE
from avatar.procedural.pitch import HOP, RATE, WINDOW, PitchTracker
from avatar.training.dyads.speaking.phones import SILENCE, STOPS, Array
from avatar.training.dyads.utterance import Phone

HOP_SAMPLES = 160  # 10 ms
HOPS_A_FRAME = FRAME_SAMPLES // HOP_SAMPLES
HOP_RATE = SAMPLE_RATE // HOP_SAMPLES  # 100 Hz
AUDIBLE = 38.0  # dB under the voice's level that still count as its sound
BRIDGED = 0.20  # s of silence inside one stretch of speech
QUIET_PHONE = 0.15  # s that a phone may be inaudible, as a stop's closure is
EDGE = 0.05  # s of a longer phone round its audible part
WIDEST = 9.0  # semitones from the habit beyond which a reading is an octave's error, not a pitch


@dataclass(frozen=True, slots=True)
class Voice:
    """One utterance's sound, each (hops,) at 100 Hz.

    ``loudness`` 0..1 between inaudible and the voice's own full level; ``lift`` semitones above the habitual
    pitch, carried through unvoiced sounds and 0 in silence; ``audible`` where there is sound at all.
    """

    loudness: Array
    lift: Array
    audible: NDArray[np.bool_]

    def span(self, start: float, end: float) -> slice:
        """The hops of a stretch in seconds, at least one."""
        first = min(len(self.loudness) - 1, max(0, int(start * HOP_RATE)))
        return slice(first, max(first + 1, min(len(self.loudness), round(end * HOP_RATE))))


def hear(pcm: FloatArray) -> Voice:
    """Listen to float32 (samples,) at 16 kHz, filled up to whole frames."""
    frames = max(1, -(-len(pcm) // FRAME_SAMPLES))
    sound = np.zeros(frames * FRAME_SAMPLES, dtype=np.float32)
    sound[: len(pcm)] = pcm
    power = (sound.astype(np.float64) ** 2).reshape(-1, HOP_SAMPLES).mean(axis=1)
    level = 10 * np.log10(uniform_filter1d(power, 3) + 1e-12)  # 30 ms: longer than a period of any voice
    full = float(np.percentile(level, 95))
    audible = np.asarray(level > max(full - AUDIBLE, QUIETEST))
    loudness = np.clip(1 + (level - full) / VOICE_RANGE, 0.0, 1.0) * audible
    return Voice(loudness=loudness, lift=_lift(sound, audible), audible=audible)


def _lift(sound: FloatArray, audible: NDArray[np.bool_]) -> Array:
    tracker = PitchTracker()
    active = audible.reshape(-1, HOPS_A_FRAME).max(axis=1)
    readings = [
        reading
        for frame, on in zip(sound.reshape(-1, FRAME_SAMPLES), active, strict=True)
        for reading in tracker.step(frame, bool(on))
    ]
    pitch = np.array([hertz for hertz, _ in readings])
    voiced = pitch > 0
    if not voiced.any():
        return np.zeros(len(audible))
    semitones = 12 * np.log2(pitch[voiced])
    semitones = median_filter(semitones - np.median(semitones), 3, mode="nearest")
    # a hop's pitch is that of the middle of the window that ends with it
    time = (np.flatnonzero(voiced) + 1) * HOP / RATE - WINDOW / RATE / 2
    grid = (np.arange(len(audible)) + 0.5) / HOP_RATE
    contour = np.interp(grid, time, np.clip(semitones, -WIDEST, WIDEST))
    present = gaussian_filter1d(maximum_filter1d(audible.astype(np.float64), 9), 6)
    return np.asarray(gaussian_filter1d(contour, 3, mode="nearest") * present)


def speech_stretches(phones: Sequence[Phone], voice: Voice) -> list[tuple[float, float]]:
    """Stretches of speech in seconds: audible phones, silences up to 200 ms bridged."""
    stretches: list[tuple[float, float]] = []
    for phone in phones:
        part = _spoken_part(phone, voice)
        if part is None:
            continue
        if stretches and part[0] - stretches[-1][1] <= BRIDGED:
            stretches[-1] = (stretches[-1][0], part[1])
        else:
            stretches.append(part)
    return stretches


def _spoken_part(phone: Phone, voice: Voice) -> tuple[float, float] | None:
    """From when to when a phone is said, in seconds: an aligner may leave silence to the phone beside it."""
    if phone.name == SILENCE:
        return None
    if phone.end - phone.start <= QUIET_PHONE:
        return phone.start, phone.end
    held = QUIET_PHONE if phone.name in STOPS else EDGE
    heard = np.flatnonzero(voice.audible[voice.span(phone.start, phone.end)]).tolist()
    if not heard:
        return (phone.end - held, phone.end) if phone.name in STOPS else None
    first, last = (phone.start + hop / HOP_RATE for hop in (heard[0], heard[-1] + 1))
    return max(phone.start, first - held), min(phone.end, last + EDGE)
