"""Noise like that of rooms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pink_noise(size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """``size`` samples, one at least, of RMS 1, whose power falls by 3 dB an octave."""
    spectrum = np.fft.rfft(rng.standard_normal(size))
    sound = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(spectrum.size))), size)
    return np.asarray(sound / np.sqrt(np.mean(sound**2)), np.float64)
