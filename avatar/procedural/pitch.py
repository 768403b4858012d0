"""Pitch of a voice, online: windowed autocorrelation corrected by the window's own (Boersma 1993)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_SAMPLES, SAMPLE_RATE, FloatArray

RATE = SAMPLE_RATE // 2  # pitch needs no more than 8 kHz
FRAME = FRAME_SAMPLES // 2  # samples at RATE: 40 ms
HOP = FRAME // 2  # samples at RATE: 20 ms
WINDOW = 384  # samples at RATE: 48 ms, three periods of the lowest voice
LOWEST, HIGHEST = 70.0, 400.0  # Hz
SHORTEST, LONGEST = int(RATE / HIGHEST), int(RATE / LOWEST)  # lags in samples at RATE
FFT = 512  # at least WINDOW + LONGEST, so that lags don't wrap round
VOICED = 0.65  # autocorrelation from which a hop counts as voiced
OCTAVE_COST = 0.04  # taken off an octave, so that the period beats its multiples

_TAPER = np.hanning(WINDOW)
_TAPER_CORRELATION = np.fft.irfft(np.abs(np.fft.rfft(_TAPER, FFT)) ** 2)[: LONGEST + 2]
_CORRECTION = _TAPER_CORRELATION[0] / _TAPER_CORRELATION
_COST = OCTAVE_COST * np.log2(np.maximum(np.arange(LONGEST + 2), 1) / SHORTEST)


class PitchTracker:
    """Pitch and periodicity, two 20 ms hops a frame, each read from the 48 ms that end with it."""

    def __init__(self) -> None:
        self._recent: NDArray[np.float64] = np.zeros(WINDOW + HOP)

    def step(self, pcm: FloatArray, active: bool) -> list[tuple[float, float]]:
        """Pitch in Hz (0 where unvoiced) and periodicity 0..1 of both hops of a frame, float32 (640,).

        Frames that are not ``active`` are remembered but not read.
        """
        # averaging neighbours is enough against aliasing: what lies below 1 kHz dominates the autocorrelation
        fresh = (pcm[0::2] + pcm[1::2]) * 0.5
        self._recent = np.concatenate([self._recent[FRAME:], fresh])
        if not active:
            return [(0.0, 0.0), (0.0, 0.0)]
        windows = np.stack([self._recent[:WINDOW], self._recent[HOP:]])
        windows = (windows - windows.mean(axis=1, keepdims=True)) * _TAPER
        spectrum = np.fft.rfft(windows, FFT)
        correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[:, : LONGEST + 2]
        normal = correlation * (_CORRECTION / np.maximum(correlation[:, :1], 1e-9))
        return [_best(normal[0]), _best(normal[1])]


def _best(normal: NDArray[np.float64]) -> tuple[float, float]:
    inner = normal[SHORTEST : LONGEST + 1]
    peaks = (inner >= normal[SHORTEST - 1 : LONGEST]) & (inner > normal[SHORTEST + 1 :])
    lag = SHORTEST + int(np.where(peaks, inner - _COST[SHORTEST:-1], -1.0).argmax())
    left, top, right = normal[lag - 1 : lag + 2].tolist()
    strength = min(1.0, max(0.0, top)) if peaks[lag - SHORTEST] else 0.0
    if strength < VOICED:
        return 0.0, strength
    bend = left - 2 * top + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return RATE / (lag + shift), strength
