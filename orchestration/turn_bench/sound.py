"""Cutting and joining recordings to the sample: where speech begins and ends, dips, pauses, noise.

All sound is float32 (samples,) at 16 kHz.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.signal import butter, sosfilt

from orchestration.media import USER_SAMPLE_RATE, FloatArray
from speech.noise import pink_noise

BLOCK = USER_SAMPLE_RATE // 100  # samples, 10 ms
RANGE = 30.0  # dB below the loud level at which speech begins and ends
GAP_RANGE = 22.0  # dB below the loud level under which a stretch counts as a gap
FADE = USER_SAMPLE_RATE // 200  # samples, 5 ms, so that no cut clicks
LEVEL = -25.0  # dBFS of a user's voice where it sounds
ROOM = 3e-4  # RMS of a quiet room's noise, -70 dBFS


def samples(seconds: float) -> int:
    """The whole number of samples nearest to ``seconds``."""
    return round(seconds * USER_SAMPLE_RATE)


def block_power(pcm: FloatArray) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Mean power of each whole 10 ms, (blocks,)."""
    whole = pcm[: pcm.size // BLOCK * BLOCK].reshape(-1, BLOCK).astype(np.float64)
    return np.asarray(np.mean(whole**2, axis=1))


def _above(pcm: FloatArray, below_loud: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    power = block_power(pcm)
    if not power.size or power.max() <= 0:
        return np.zeros(power.size, np.bool_)
    return np.asarray(power > np.percentile(power, 95) * 10 ** (-below_loud / 10))


def trimmed(pcm: FloatArray) -> FloatArray:
    """Without what comes before the speech and after it; empty if there is none."""
    sounding = np.flatnonzero(_above(pcm, RANGE))
    if not sounding.size:
        return pcm[:0]
    return pcm[int(sounding[0]) * BLOCK : (int(sounding[-1]) + 1) * BLOCK]


def levelled(pcm: FloatArray, level: float = LEVEL) -> FloatArray:
    """At ``level`` dBFS (RMS of the blocks that sound)."""
    power = block_power(pcm)
    sounding = power[_above(pcm, RANGE)]
    if not sounding.size:
        return pcm
    gain = 10 ** (level / 20) / np.sqrt(sounding.mean())
    return np.asarray(np.clip(pcm * np.float32(gain), -1, 1), np.float32)


def gaps(pcm: FloatArray) -> list[tuple[int, int]]:
    """Stretches inside the sound that are quiet, (first sample, first after), in order."""
    quiet = np.concatenate(([False], ~_above(pcm, GAP_RANGE), [False])).astype(np.int8)
    edges = np.flatnonzero(np.diff(quiet))
    blocks = quiet.size - 2
    return [
        (int(begin) * BLOCK, int(end) * BLOCK)
        for begin, end in edges.reshape(-1, 2)
        if begin > 0 and end < blocks
    ]


def dips(pcm: FloatArray, margin: float = 0.6, longest: float = 0.2) -> list[int]:
    """Samples in the middle of short gaps at least ``margin`` seconds from both ends, longest gap first.

    A gap of more than ``longest`` seconds is left out: there the sentence may well have ended.
    """
    inside = [
        (begin, end)
        for begin, end in gaps(pcm)
        if begin >= samples(margin) and pcm.size - end >= samples(margin) and end - begin <= samples(longest)
    ]
    inside.sort(key=lambda gap: (gap[0] - gap[1], gap[0]))
    return [(begin + end) // 2 for begin, end in inside]


def faded(pcm: FloatArray) -> FloatArray:
    """With 5 ms of fade at both ends."""
    size = min(FADE, pcm.size // 2)
    edge = np.ones(pcm.size, np.float32)
    edge[:size] = np.linspace(0, 1, size, endpoint=False, dtype=np.float32)
    edge[pcm.size - size :] = edge[:size][::-1]
    return pcm * edge


def joined(pieces: Sequence[FloatArray], pauses: Sequence[float]) -> tuple[FloatArray, list[tuple[int, int]]]:
    """The pieces with digital silence of ``pauses`` seconds between them, and where these silences are."""
    if len(pauses) != len(pieces) - 1:
        raise ValueError(
            f"{len(pieces)} pieces have {len(pieces) - 1} pauses between them, not {len(pauses)}"
        )
    parts: list[FloatArray] = []
    places: list[tuple[int, int]] = []
    at = 0
    for index, piece in enumerate(pieces):
        parts.append(faded(piece))
        at += piece.size
        if index < len(pauses):
            size = samples(pauses[index])
            parts.append(np.zeros(size, np.float32))
            places.append((at, at + size))
            at += size
    return np.concatenate(parts), places


def far(pcm: FloatArray) -> FloatArray:
    """As from the other side of a room: duller, with a few reflections."""
    dull = np.asarray(sosfilt(butter(2, 2_800, fs=USER_SAMPLE_RATE, output="sos"), pcm), np.float32)
    heard = dull.copy()
    for delay, gain in ((0.013, 0.5), (0.031, 0.4), (0.057, 0.3), (0.089, 0.2)):
        late = samples(delay)
        heard[late:] += np.float32(gain) * dull[:-late]
    return heard


def noise(kind: str, size: int, rng: np.random.Generator, voices: Sequence[FloatArray] = ()) -> FloatArray:
    """``size`` samples of ``white``, ``pink``, ``hum`` or ``babble`` noise of RMS 1.

    Babble is several of ``voices`` at once. Raises ``ValueError`` on another kind.
    """
    time = np.arange(size) / USER_SAMPLE_RATE
    if kind == "white":
        sound = rng.normal(0, 1, size)
    elif kind == "pink":
        sound = pink_noise(size, rng)
    elif kind == "hum":
        sound = 0.1 * rng.normal(0, 1, size)
        for n in (1, 2, 3, 5):
            sound += np.sin(2 * np.pi * 50 * n * time + rng.uniform(0, 6)) / n
    elif kind == "babble" and voices:
        sound = np.zeros(size)
        for index in rng.permutation(len(voices))[:6]:
            sound += np.roll(np.resize(voices[index], size), int(rng.integers(size)))
    else:
        raise ValueError(f"no noise is called {kind!r} here; use white, pink, hum, or babble with voices")
    return np.asarray(sound / np.sqrt(np.mean(sound**2)), np.float32)


def in_room(
    pcm: FloatArray, before: float, after: float, rng: np.random.Generator, room: float = ROOM
) -> tuple[FloatArray, int]:
    """``pcm`` with ``before`` and ``after`` seconds around it in a room's noise, and where it begins."""
    begin = samples(before)
    heard = rng.normal(0, room, begin + pcm.size + samples(after)).astype(np.float32)
    heard[begin : begin + pcm.size] += pcm
    return np.clip(heard, -1, 1).astype(np.float32), begin
