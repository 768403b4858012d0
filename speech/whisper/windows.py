"""Cuts what is longer than Whisper's window where nobody speaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from whisper.audio import N_SAMPLES, SAMPLE_RATE

LATEST: int = N_SAMPLES  # samples: a piece fits the 30 s window
EARLIEST: int = 20 * SAMPLE_RATE  # samples: a piece is not cut shorter than this, so that each has context
GAP: int = SAMPLE_RATE // 5  # samples: the quietest fifth of a second is where we cut


def windows(pcm: NDArray[np.float32]) -> list[tuple[int, NDArray[np.float32]]]:
    """Cut float32 (samples,) into pieces of at most 30 s: (first sample, piece) pairs covering it."""
    pieces = []
    start = 0
    while pcm.shape[0] - start > LATEST:
        cut = start + _quietest(pcm[start : start + LATEST])
        pieces.append((start, pcm[start:cut]))
        start = cut
    pieces.append((start, pcm[start:]))
    return pieces


def _quietest(window: NDArray[np.float32]) -> int:
    power = np.cumsum(np.square(window[EARLIEST:], dtype=np.float64))
    quietest = int(np.argmin(power[GAP:] - power[:-GAP]))
    return EARLIEST + quietest + GAP // 2
