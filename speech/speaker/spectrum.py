"""The spectrum that the speaker encoder hears: 40 mel bands of power, every 10 ms."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from speech.audio import SAMPLE_RATE

MELS: Final = 40
HOP: Final = 160  # samples, 10 ms
FFT: Final = 400  # samples, 25 ms
LOUDNESS: Final = -30.0  # dBFS, RMS: how loud the sound is made, since the bands are of plain power
HANN: Final = np.hanning(FFT + 1)[:-1]  # periodic

# Slaney's scale of pitch: linear up to a kilohertz, logarithmic beyond.
_LINEAR: Final = 200 / 3  # Hz a mel
_BREAK: Final = 1_000.0  # Hz
_RATIO: Final = np.log(6.4) / 27  # a mel, of the frequency's logarithm


def mel_bands(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    """Power (frames, 40) of sound (samples,) at 16 kHz, made as loud as the encoder's training material.

    There is a frame every 10 ms, the first in the middle of the first sample; beyond both ends is silence.
    """
    sound = levelled(pcm).astype(np.float64)
    padded = np.pad(sound, FFT // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP]
    power = np.abs(np.fft.rfft(windows * HANN)) ** 2
    return np.asarray(power @ _filters().T, np.float32)


def levelled(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sound at an RMS of ``LOUDNESS``; silence stays silence."""
    rms = float(np.sqrt(np.mean(pcm.astype(np.float64) ** 2)))
    return pcm if rms == 0 else np.asarray(pcm * (10 ** (LOUDNESS / 20) / rms), np.float32)


@cache
def _filters() -> NDArray[np.float64]:
    """Triangles (40, 201) on Slaney's scale, each of the same area."""
    top = _mel(SAMPLE_RATE / 2)
    edges = _hertz(np.linspace(0, top, MELS + 2))
    bins = np.fft.rfftfreq(FFT, 1 / SAMPLE_RATE)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    area = 2 / (edges[2:] - edges[:-2])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * area[:, None])


def _mel(hertz: float) -> float:
    return float(_BREAK / _LINEAR + np.log(hertz / _BREAK) / _RATIO) if hertz >= _BREAK else hertz / _LINEAR


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    beyond = _BREAK * np.exp(_RATIO * (mels - _BREAK / _LINEAR))
    return np.where(mels < _BREAK / _LINEAR, mels * _LINEAR, beyond)
