"""A short word spoken beforehand: its sound cut into frames, and whether it sounds as it should.

A voice may be bad at a word that is hardly one, such as "mm-hmm".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import soxr

from orchestration.media import (
    AGENT_FRAME_SAMPLES,
    AGENT_SAMPLE_RATE,
    USER_FRAME_SAMPLES,
    USER_SAMPLE_RATE,
    FloatArray,
    silence,
)
from speech.levels import active_level
from speech.pitch import PitchTracker

SHORTEST, LONGEST = 0.2, 0.9  # s of a soft sound between its silences
VOICED: Final = 0.4  # share of a soft sound's loud frames that have a pitch
HISSING: Final = 0.13  # sign changes a sample above which it is a hiss
SOUNDING: Final = 0.02  # of the peak, from which samples belong to the sound
LOUD: Final = 25.0  # dB below the loudest frame that still counts as loud
FADE: Final = 0.008  # s at both ends


@dataclass(frozen=True, slots=True)
class Aside:
    """A prepared word: ``pcm`` (n, 960) at 24 kHz for the speaker, ``heard`` (n, 640) at 16 kHz."""

    word: str
    pcm: FloatArray
    heard: FloatArray


@dataclass(frozen=True, slots=True)
class VoiceAsides:
    """What one voice has ready; both fill as they are prepared."""

    soft: list[Aside] = field(default_factory=list)
    fillers: list[Aside] = field(default_factory=list)


NO_ASIDES: Final = VoiceAsides()


def trimmed(pcm: FloatArray) -> FloatArray:
    """Sound (samples,) at 24 kHz without the silence around it, its ends faded."""
    level = np.abs(pcm)
    sounding = np.flatnonzero(level > SOUNDING * level.max(initial=0.0))
    if not sounding.size:
        return silence(0)
    fade = round(FADE * AGENT_SAMPLE_RATE)
    start, end = max(0, int(sounding[0]) - fade), min(pcm.size, int(sounding[-1]) + 1 + fade)
    kept = pcm[start:end].copy()
    ramp = np.linspace(0, 1, min(fade, kept.size // 2), dtype=np.float32)
    kept[: ramp.size] *= ramp
    kept[kept.size - ramp.size :] *= ramp[::-1]
    return kept


def unlike_a_soft_sound(pcm: FloatArray) -> str:
    """Why a trimmed sound (samples,) at 24 kHz is no hum or short word; empty if it is one."""
    seconds = pcm.size / AGENT_SAMPLE_RATE
    if not SHORTEST <= seconds <= LONGEST:
        return f"it lasts {seconds:.2f} s, not {SHORTEST} to {LONGEST}"
    changes = float(np.mean(np.diff(np.signbit(pcm))))
    if changes > HISSING:
        return f"it hisses ({changes:.2f} sign changes a sample, {HISSING} at most)"
    tracker = PitchTracker()
    frames = [tracker.step(frame) for frame in _at_user_rate(pcm)]
    loudest = max(frame.level for frame in frames)
    voiced = float(np.mean([frame.voiced for frame in frames if frame.level > loudest - LOUD]))
    return "" if voiced >= VOICED else f"only {voiced:.0%} of it has a pitch, {VOICED:.0%} at least"


def at_level(pcm: FloatArray, level: float) -> FloatArray:
    """A sound (samples,) at 24 kHz whose loud parts have the RMS ``level``, 0..1, or less lest it clips."""
    own, peak = active_level(pcm, AGENT_SAMPLE_RATE), float(np.abs(pcm).max(initial=0.0))
    if own == 0:
        return pcm
    return np.asarray(pcm * np.float32(min(level / own, 1 / peak)), np.float32)


def in_frames(word: str, pcm: FloatArray) -> Aside:
    """Sound (samples,) at 24 kHz cut into frames, for the speaker and for the animator."""
    whole = np.pad(pcm, (0, -pcm.size % AGENT_FRAME_SAMPLES)).astype(np.float32)
    heard = _at_user_rate(whole)
    return Aside(word, whole.reshape(-1, AGENT_FRAME_SAMPLES), heard)


def _at_user_rate(pcm: FloatArray) -> FloatArray:
    """The same sound (n, 640) at 16 kHz."""
    frames = -(-pcm.size // AGENT_FRAME_SAMPLES)
    heard = soxr.resample(pcm, AGENT_SAMPLE_RATE, USER_SAMPLE_RATE)[: frames * USER_FRAME_SAMPLES]
    padded = np.pad(heard, (0, frames * USER_FRAME_SAMPLES - heard.size)).astype(np.float32)
    return padded.reshape(frames, USER_FRAME_SAMPLES)
