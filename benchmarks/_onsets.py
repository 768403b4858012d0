"""Where syllables begin in a sound and where a mouth begins to open: what offsets are measured between."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

Array = NDArray[np.float64]

STEP = 0.005  # seconds between points of a curve
SMOOTHING = 0.02  # seconds, sigma: slower than pitch, faster than syllables
SYLLABLES_APART = 0.12  # seconds, at least
STRONG = 0.12  # of the loudest: a weaker rise is no syllable's


def envelope(pcm: NDArray[np.float32], rate: int) -> Array:
    """The sound's level, a value every ``STEP`` seconds."""
    hop = round(rate * STEP)
    squares = pcm[: pcm.size - pcm.size % hop].astype(np.float64).reshape(-1, hop) ** 2
    return np.asarray(gaussian_filter1d(np.sqrt(squares.mean(axis=1)), SMOOTHING / STEP))


def rises(curve: Array) -> Array:
    """Times, in seconds, at which the curve rises fastest, one for every rise that is strong enough."""
    slope = np.gradient(curve, STEP)
    peaks, _ = find_peaks(slope, height=STRONG * slope.max(), distance=round(SYLLABLES_APART / STEP))
    return np.asarray(peaks * STEP)


def sampled(times: Array, values: Array) -> tuple[float, Array]:
    """A curve known at uneven ``times`` (seconds), every ``STEP``; returns where it begins and the curve."""
    grid = np.arange(times[0], times[-1], STEP)
    return float(times[0]), np.asarray(np.interp(grid, times, values))


def lag(one: Array, other: Array, reach: float) -> float:
    """Seconds by which ``other`` follows ``one`` (same start), by the peak of their correlation."""
    length = min(one.size, other.size)
    a, b = one[:length] - one[:length].mean(), other[:length] - other[:length].mean()
    steps = round(reach / STEP)
    shifts = np.arange(-steps, steps + 1)
    scores = np.array(
        [
            float(np.dot(a[max(0, -s) : length - max(0, s)], b[max(0, s) : length - max(0, -s)]))
            for s in shifts
        ]
    )
    best = int(scores.argmax())
    if 0 < best < len(scores) - 1:  # the peak lies between the points
        left, top, right = scores[best - 1 : best + 2]
        return float((shifts[best] + 0.5 * (left - right) / (left - 2 * top + right)) * STEP)
    return float(shifts[best] * STEP)
