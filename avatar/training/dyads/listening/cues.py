"""What a listener answers in a voice: low pitch, ends of phrases, questions, accents, excitement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.animator import SAMPLE_RATE, FloatArray
from avatar.training.dyads.listening.pitch import HOP, pitch

Seconds = NDArray[np.float64]
Runs = list[tuple[int, int]]

HOP_SECONDS = HOP / SAMPLE_RATE
QUIETEST = -55.0  # dBFS; nothing below counts as sound
BELOW_SPEECH = 32.0  # dB under the voice's loud hops, likewise
PAUSE = 0.2  # s of silence that ends a phrase
PHRASE = 0.8  # s of phrase whose end is worth an answer
LOW_QUANTILE = 0.26  # Ward & Tsukahara 2000: low is below the 26th percentile of the speaker's pitch
LOW_SECONDS = 0.11  # their shortest region
LOW_AFTER = 0.7  # s of phrase that must come before
BRIDGED = 2  # unvoiced hops inside a region or run
ACCENT = 3.5  # semitones above the speaker's habit
ACCENT_REST = 0.6  # s between accents
EXCITED = 5.0  # semitones above habit: laughter, delight
EXCITED_SECONDS = 0.28
RISE = 2.0  # semitones by which a question's end lies above what came before
ENDING = 0.16  # s of voice that are a phrase's end
BEFORE = 0.5  # s of voice before it


@dataclass(frozen=True, slots=True)
class Cues:
    """Times in seconds, rising: regions of low pitch and phrases (where they begin), phrases' ends (the last
    sound; ``questions`` are those with rising pitch), peaks of accents, and where excited stretches are
    complete.
    """

    low_pitch: Seconds
    phrase_starts: Seconds
    phrase_ends: Seconds
    questions: Seconds
    accents: Seconds
    excited: Seconds


def find_cues(pcm: FloatArray) -> Cues:
    """Cues in a voice without noise, float32 (samples,) at 16 kHz; silence has none."""
    levels = _levels(pcm)
    sounding = levels > QUIETEST
    if not sounding.any():
        return Cues(*(np.zeros(0) for _ in range(6)))
    active = sounding & (levels > np.percentile(levels[sounding], 95) - BELOW_SPEECH)
    semitones = pitch(pcm, active)
    voiced = np.isfinite(semitones)
    phrases = _runs(active, round(PAUSE / HOP_SECONDS) - 1)
    long = [(first, last) for first, last in phrases if (last - first) * HOP_SECONDS >= PHRASE]
    ends = np.array([last for _, last in long], dtype=np.float64)
    if voiced.any():
        lift = semitones - float(np.median(semitones[voiced]))
        low = voiced & (semitones < np.percentile(semitones[voiced], 100 * LOW_QUANTILE))
        asked = np.array([_rises(lift, first, last) for first, last in long], dtype=bool)
    else:
        lift, low, asked = semitones, voiced, np.zeros(len(long), dtype=bool)
    return Cues(
        low_pitch=_low_regions(low, voiced, phrases) * HOP_SECONDS,
        phrase_starts=np.array([first for first, _ in phrases], dtype=np.float64) * HOP_SECONDS,
        phrase_ends=ends * HOP_SECONDS,
        questions=ends[asked] * HOP_SECONDS,
        accents=_accents(lift) * HOP_SECONDS,
        excited=_excited(lift) * HOP_SECONDS,
    )


def _levels(pcm: FloatArray) -> NDArray[np.float64]:
    hops = pcm[: len(pcm) // HOP * HOP].reshape(-1, HOP).astype(np.float64)
    return np.asarray(10 * np.log10(np.einsum("ij,ij->i", hops, hops) / HOP + 1e-12))


def _runs(where: NDArray[np.bool_], bridge: int) -> Runs:
    """First hop and hop after the last of each run; gaps of up to ``bridge`` hops don't end one."""
    edges = np.flatnonzero(np.diff(where.astype(np.int8), prepend=0, append=0))
    runs: Runs = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if runs and first - runs[-1][1] <= bridge:
            runs[-1] = runs[-1][0], last
        else:
            runs.append((first, last))
    return runs


def _low_regions(low: NDArray[np.bool_], voiced: NDArray[np.bool_], phrases: Runs) -> Seconds:
    starts = []
    for first, last in phrases:
        for begin, end in _runs(low[first:last], BRIDGED):
            broken = (voiced[first + begin : first + end] & ~low[first + begin : first + end]).any()
            if (end - begin) * HOP_SECONDS >= LOW_SECONDS and begin * HOP_SECONDS >= LOW_AFTER and not broken:
                starts.append(first + begin)
    return np.array(starts, dtype=np.float64)


def _accents(lift: NDArray[np.float64]) -> Seconds:
    peaks: list[int] = []
    for first, last in _runs(np.nan_to_num(lift, nan=-99.0) > ACCENT, BRIDGED):
        peak = first + int(np.nanargmax(lift[first:last]))
        if not peaks or (peak - peaks[-1]) * HOP_SECONDS >= ACCENT_REST:
            peaks.append(peak)
    return np.array(peaks, dtype=np.float64)


def _excited(lift: NDArray[np.float64]) -> Seconds:
    needed = round(EXCITED_SECONDS / HOP_SECONDS)
    runs = _runs(np.nan_to_num(lift, nan=-99.0) > EXCITED, BRIDGED)
    return np.array([first + needed for first, last in runs if last - first >= needed], dtype=np.float64)


def _rises(lift: NDArray[np.float64], first: int, last: int) -> bool:
    ending, before = round(ENDING / HOP_SECONDS), round(BEFORE / HOP_SECONDS)
    voiced = lift[first:last][np.isfinite(lift[first:last])]
    if len(voiced) < ending + before // 2:
        return False
    return float(voiced[-ending:].mean() - voiced[-ending - before : -ending].mean()) > RISE
