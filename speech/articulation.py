"""How much a mouth moves in what is heard: what sets "please tell me" apart from "yeah" and "mm-hmm".

Words that want the floor change their sound from one moment to the next; a listener's one syllable, and a hum
more so, mostly dies away as it is. So the shape of the spectrum is followed in steps of 20 ms.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from speech.audio import FRAME_SAMPLES, SAMPLE_RATE

_WINDOW: Final = 512  # samples, 32 ms
_HOP: Final = SAMPLE_RATE // 50  # samples, 20 ms
_FRAMES: Final = 13  # frames looked at, .52 s
_LATEST: Final = 8  # steps whose change counts, 160 ms
_EDGES: Final = (100, 300, 600, 1000, 1600, 2400, 3600)  # Hz; telephones carry no more
_CLOSED: Final = 900  # Hz, above which closed lips let little out
_RANGE: Final = 40.0  # dB below the loudest band that count
_SOUNDS: Final = 25.0  # dB below the loudest step from which the sound has begun
_LEAST: Final = 1e-10  # power, so that silence has a level
_FREQUENCIES: Final = np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE)


@dataclass(frozen=True, slots=True)
class Mouth:
    """``articulation``: change of the spectrum's shape, dB a 20 ms step, 0..10; about 1 in a held vowel, 2 to
    5 in speech. ``openness``: sound above 900 Hz against that below, dB; under -25 the lips are closed.
    """

    articulation: float
    openness: float


class Articulation:
    """Follows one stream of sound, frame by frame; the measuring is done when it is asked for."""

    def __init__(self) -> None:
        self._frames: deque[NDArray[np.float32]] = deque(maxlen=_FRAMES)
        self._hann = np.hanning(_WINDOW)

    def step(self, pcm: NDArray[np.float32]) -> None:
        """Take a frame (640,) at 16 kHz; raises ``ValueError`` for another shape."""
        if pcm.shape != (FRAME_SAMPLES,):
            raise ValueError(f"a frame has shape ({FRAME_SAMPLES},), not {pcm.shape}; cut with audio.frames")
        self._frames.append(pcm)

    def measure(self) -> Mouth:
        """The mouth of whoever has been sounding up to now."""
        if not self._frames:
            return Mouth(0.0, 0.0)
        pcm = np.concatenate(self._frames).astype(np.float64)
        windows = np.lib.stride_tricks.sliding_window_view(pcm, _WINDOW)[::_HOP]
        spectrum = np.abs(np.fft.rfft(windows * self._hann, axis=1)) ** 2
        level = _decibels(np.mean(windows**2, axis=1))
        begin = int(np.argmax(level > level.max() - _SOUNDS))
        spectrum = spectrum[begin:]
        bands = _decibels(np.stack([_band(spectrum, *edge) for edge in pairwise(_EDGES)], 1))
        bands = np.maximum(bands, bands.max() - _RANGE)
        shape = bands - bands.mean(axis=1, keepdims=True)
        change = np.abs(np.diff(shape, axis=0)).mean(axis=1)[-_LATEST:]
        open_, closed = _band(spectrum, _CLOSED, _EDGES[-1]), _band(spectrum, _EDGES[0], _CLOSED)
        openness = float(_decibels(open_.sum()) - _decibels(closed.sum()))
        return Mouth(float(change.mean()) if len(change) else 0.0, openness)


def _band(spectrum: NDArray[np.float64], low: int, high: int) -> NDArray[np.float64]:
    inside = (low <= _FREQUENCIES) & (high > _FREQUENCIES)
    band: NDArray[np.float64] = spectrum[:, inside].mean(axis=1)
    return band


def _decibels(power: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(10 * np.log10(power + _LEAST), np.float64)
