"""Slow mimicry: a listener's head follows the partner's, weaker and later (Hale 2020)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from avatar.animator import FRAME_RATE

Array = NDArray[np.float64]

BAND = (0.2, 1.1)  # Hz of the partner's movement that is copied
DELAY = 13  # frames; with the filter's own delay, movement at .5 Hz comes back after about 600 ms

_FILTER = butter(1, BAND, btype="bandpass", fs=FRAME_RATE, output="sos")


def mirror(heads: Array, attention: Array, gain: float) -> Array:
    """Head rotations (2, frames, 3) of both parties with the copies of each other's movement in them.

    ``heads`` are their own movements in radians, ``attention`` (2, frames) 0..1 how far each listens. What is
    copied is the other's whole movement, copies included: what can be seen of the other tells all of it.
    """
    mirrored = heads.copy()
    if not gain:
        return mirrored
    weight = gain * attention[:, :, None]
    sections = _FILTER.shape[0]
    states = np.zeros((sections, 2, 2, heads.shape[2]))
    late = np.zeros((2, DELAY, heads.shape[2]))
    for first in range(0, heads.shape[1], DELAY):  # nothing is copied sooner than a block later
        block = slice(first, first + DELAY)
        mirrored[:, block] += weight[:, block] * late[::-1, : mirrored[:, block].shape[1]]
        late, states = sosfilt(_FILTER, mirrored[:, block], axis=1, zi=states)
    return mirrored
