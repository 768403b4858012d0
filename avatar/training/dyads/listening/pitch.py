"""Pitch of a whole recording at once, by autocorrelation corrected for its window (Boersma 1993)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar.animator import SAMPLE_RATE, FloatArray

HOP = 320  # samples: 20 ms
RATE = SAMPLE_RATE // 2  # pitch needs no more than 8 kHz
WINDOW = 384  # samples at RATE: 48 ms, three periods of the lowest voice
LOWEST, HIGHEST = 65.0, 450.0  # Hz
SHORTEST, LONGEST = int(RATE / HIGHEST), int(RATE / LOWEST)  # lags in samples at RATE
FFT = 512  # at least WINDOW + LONGEST, so that lags don't wrap round
VOICED = 0.6  # corrected autocorrelation from which a hop counts as voiced
OCTAVE_COST = 0.04  # taken off an octave, so that the period beats its multiples

_TAPER = np.hanning(WINDOW)
_TAPER_CORRELATION = np.fft.irfft(np.abs(np.fft.rfft(_TAPER, FFT)) ** 2)[: LONGEST + 2]
_COST = OCTAVE_COST * np.log2(np.arange(SHORTEST, LONGEST + 1) / SHORTEST)


def pitch(pcm: FloatArray, active: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Semitones over 100 Hz of each 20 ms hop of ``pcm``, NaN where it isn't voiced or ``active`` (hops,)."""
    semitones = np.full(len(active), np.nan)
    hops = np.flatnonzero(active)
    if not hops.size:
        return semitones
    halved = pcm[: len(pcm) // 2 * 2].reshape(-1, 2).mean(axis=1)
    padded = np.pad(halved, WINDOW)
    centres = WINDOW + hops * (HOP // 2) + HOP // 4
    windows = padded[centres[:, None] + np.arange(-WINDOW // 2, WINDOW // 2)]
    windows = (windows - windows.mean(axis=1, keepdims=True)) * _TAPER
    spectrum = np.fft.rfft(windows, FFT)
    correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[:, : LONGEST + 2]
    normal = correlation / np.maximum(correlation[:, :1], 1e-9) * (_TAPER_CORRELATION[0] / _TAPER_CORRELATION)
    inner = normal[:, SHORTEST : LONGEST + 1]
    peaks = (inner >= normal[:, SHORTEST - 1 : LONGEST]) & (inner > normal[:, SHORTEST + 1 :])
    lags = np.where(peaks, inner - _COST, -1.0).argmax(axis=1)
    rows = np.arange(len(hops))
    voiced = peaks[rows, lags] & (inner[rows, lags] >= VOICED)
    left, top, right = (normal[rows, SHORTEST + lags + step] for step in (-1, 0, 1))
    bend = left - 2 * top + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1.0), 0.0)
    hertz = RATE / (SHORTEST + lags + shift)
    semitones[hops[voiced]] = 12 * np.log2(hertz[voiced] / 100)
    return semitones
