"""Hums cut out of recordings: the steadiest stretch of a word with an m or an n, as "mm" or "mm-hmm"."""

from __future__ import annotations

from typing import Final

import numpy as np

from orchestration.media import USER_SAMPLE_RATE, FloatArray
from orchestration.turn_bench.sound import faded, joined, levelled, samples

PIECE: Final = 0.16  # seconds of the steady stretch that is looked for
NASAL_BELOW: Final = 700.0  # Hz under which a closed mouth's power lies
HUM_LEVEL: Final = -31.0  # dBFS: people say it more softly than words
FADE: Final = 0.03  # seconds


def steadiest(pcm: FloatArray, seconds: float = PIECE) -> FloatArray:
    """The stretch of ``seconds`` of (samples,) at 16 kHz that sounds most like a hum: low and loud."""
    size, step = samples(seconds), samples(0.01)
    if pcm.size <= size:
        return pcm
    frequencies = np.fft.rfftfreq(size, 1 / USER_SAMPLE_RATE)
    low = (frequencies > 80) & (frequencies < NASAL_BELOW)
    window = np.hanning(size)
    loudest = float(np.max(pcm.astype(np.float64) ** 2))
    best, chosen = -1.0, 0
    for start in range(0, pcm.size - size + 1, step):
        piece = pcm[start : start + size].astype(np.float64)
        power = np.abs(np.fft.rfft(piece * window)) ** 2
        share = float(power[low].sum() / max(power.sum(), 1e-12))
        quietest = min(float(np.mean(part**2)) for part in np.array_split(piece, 8))
        score = share * min(1.0, 50 * quietest / max(loudest, 1e-12))
        if score > best:
            best, chosen = score, start
    return pcm[chosen : chosen + size]


def lengthened(piece: FloatArray, seconds: float) -> FloatArray:
    """The steady ``piece`` for ``seconds``, by cross-fading copies of it."""
    size, fade = samples(seconds), min(samples(FADE), piece.size // 3)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    sound = piece.copy()
    while sound.size < size:
        overlap = sound[-fade:] * (1 - ramp) + piece[:fade] * ramp
        sound = np.concatenate((sound[:-fade], overlap, piece[fade:]))
    return sound[:size]


def hum(word: FloatArray, seconds: float, *, twice: bool) -> FloatArray:
    """A soft "mm" of about ``seconds``, or "mm-hmm" in ``twice`` as many pieces, from a recorded word."""
    piece = steadiest(word)
    shape = np.hanning(samples(seconds) + 2)[1:-1].astype(np.float32) ** 0.5
    one = faded(lengthened(piece, seconds) * shape)
    sound = joined([one, one * np.float32(1.2)], [0.06])[0] if twice else one
    return levelled(sound, HUM_LEVEL)
