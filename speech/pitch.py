"""Pitch of a voice, frame by frame, against the speaker's own habit.

The window's autocorrelation, corrected by the taper's own (Boersma 1993), read over the 64 ms that end with
the frame. Of its peaks the one that fits the frame before is preferred: the pitch doesn't jump by octaves.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from speech.audio import FRAME_SAMPLES, SAMPLE_RATE

LOWEST: Final = 60.0  # Hz
HIGHEST: Final = 500.0  # Hz
VOICED: Final = 0.6  # voicing 0..1 from which a frame counts as voiced
LOW_PERCENTILE: Final = 26.0  # Ward & Tsukahara 2000: what is below is "low" for this speaker
REMEMBERED: Final = 1500  # voiced frames that make the speaker's habit, a minute of voice
ENOUGH: Final = 12  # voiced frames from which the habit is known, half a second
SILENT_DB: Final = -60.0  # dBFS; below nothing is voiced
FLOOR_DB: Final = -120.0  # dBFS of digital silence
_RATE: Final = SAMPLE_RATE // 2  # pitch needs no more than 8 kHz
_FRAME: Final = FRAME_SAMPLES // 2  # samples at _RATE, 40 ms
_WINDOW: Final = 512  # samples at _RATE, 64 ms: three periods and more of the lowest voice
_FFT: Final = 1024  # at least _WINDOW + _LONGEST, so that lags don't wrap round
_SHORTEST, _LONGEST = int(_RATE / HIGHEST), int(_RATE / LOWEST)  # lags in samples at _RATE
_OCTAVE_COST: Final = 0.04  # taken off an octave, so that the period beats its multiples
_JUMP_COST: Final = 0.15  # taken off an octave of distance to the frame before
_MEMORY: Final = 3  # unvoiced frames after which the frame before no longer counts

_TAPER = np.hanning(_WINDOW)
_TAPER_CORRELATION = np.fft.irfft(np.abs(np.fft.rfft(_TAPER, _FFT)) ** 2)[: _LONGEST + 2]
_CORRECTION = _TAPER_CORRELATION[0] / _TAPER_CORRELATION
_OCTAVES = np.log2(np.arange(_SHORTEST, _LONGEST + 1))  # log2 of each lag
_COST = _OCTAVE_COST * (_OCTAVES - _OCTAVES[0])


@dataclass(frozen=True, slots=True)
class PitchFrame:
    """One frame of a voice: ``hz`` (NaN where unvoiced), ``voicing`` 0..1, ``level`` in dBFS (RMS)."""

    hz: float
    voicing: float
    level: float

    @property
    def voiced(self) -> bool:
        """Whether the frame has a pitch."""
        return self.hz == self.hz  # only NaN differs from itself


class PitchTracker:
    """Follows the pitch of one speaker and knows where it usually lies."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the sound and the speaker."""
        self._recent: NDArray[np.float64] = np.zeros(_WINDOW)
        self._lag: float | None = None  # log2 of the frame before
        self._unvoiced = 0  # frames since
        self._history: deque[float] = deque()  # Hz of the voiced frames that make the habit
        self._sorted: list[float] = []  # the same, lowest first

    @property
    def median(self) -> float:
        """The speaker's usual pitch in Hz; NaN until half a second of voice was heard."""
        return self.percentile(50)

    @property
    def low(self) -> float:
        """The 26th percentile of the speaker's pitch in Hz; NaN until half a second of voice was heard."""
        return self.percentile(LOW_PERCENTILE)

    def percentile(self, percent: float) -> float:
        """That percentile (0..100) of the last minute's voiced frames in Hz; NaN until enough was heard."""
        if len(self._sorted) < ENOUGH:
            return float("nan")
        place = percent / 100 * (len(self._sorted) - 1)
        below = int(place)
        above = min(below + 1, len(self._sorted) - 1)
        return self._sorted[below] + (place - below) * (self._sorted[above] - self._sorted[below])

    def step(self, pcm: NDArray[np.float32]) -> PitchFrame:
        """Take a frame (640,) at 16 kHz, -1..1; raises ValueError for another shape."""
        if pcm.shape != (FRAME_SAMPLES,):
            raise ValueError(f"a frame has shape {pcm.shape}; give ({FRAME_SAMPLES},), 40 ms at 16 kHz")
        sound = pcm.astype(np.float64)
        # Averaging neighbours is enough against aliasing: what is below 1 kHz dominates the autocorrelation.
        fresh = (sound[0::2] + sound[1::2]) * 0.5
        self._recent = np.concatenate((self._recent[_FRAME:], fresh))
        power = float(sound @ sound) / FRAME_SAMPLES
        level = max(FLOOR_DB, 10 * float(np.log10(power))) if power > 0 else FLOOR_DB
        if level < SILENT_DB:
            return self._without_pitch(0.0, level)
        octave, voicing = self._period()
        if voicing < VOICED:
            return self._without_pitch(voicing, level)
        self._lag, self._unvoiced = octave, 0
        hz = float(_RATE / 2**octave)
        self._remember(hz)
        return PitchFrame(hz, voicing, level)

    def _without_pitch(self, voicing: float, level: float) -> PitchFrame:
        self._unvoiced += 1
        if self._unvoiced >= _MEMORY:
            self._lag = None
        return PitchFrame(float("nan"), voicing, level)

    def _period(self) -> tuple[float, float]:
        """The best period, as log2 of samples, and how periodic the window is, 0..1."""
        window = (self._recent - self._recent.mean()) * _TAPER
        spectrum = np.fft.rfft(window, _FFT)
        correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[: _LONGEST + 2]
        normal = correlation * (_CORRECTION / max(float(correlation[0]), 1e-12))
        inner = normal[_SHORTEST : _LONGEST + 1]
        peaks = (inner >= normal[_SHORTEST - 1 : _LONGEST]) & (inner > normal[_SHORTEST + 1 :])
        merit = inner - _COST
        if self._lag is not None:
            merit = merit - _JUMP_COST * np.abs(_OCTAVES - self._lag)
        best = int(np.where(peaks, merit, -9.0).argmax())
        if not peaks[best]:
            return float(_OCTAVES[0]), 0.0
        left, top, right = normal[_SHORTEST + best - 1 : _SHORTEST + best + 2].tolist()
        bend = left - 2 * top + right
        shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
        return float(np.log2(_SHORTEST + best + shift)), min(1.0, max(0.0, top))

    def _remember(self, hz: float) -> None:
        if len(self._history) == REMEMBERED:
            del self._sorted[bisect_left(self._sorted, self._history.popleft())]
        self._history.append(hz)
        insort(self._sorted, hz)
