"""Between tracks and frames: a frame shows the face in the middle of its 40 ms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from avatar.animator import FRAME_RATE

Array = NDArray[np.float64]

EDGE = 0.32  # s in which expression comes and goes at either end of an utterance


def frame_times(frames: int) -> Array:
    """The middle of each frame in seconds, (frames,)."""
    return (np.arange(frames) + 0.5) / FRAME_RATE


def at_frames(track: Array, rate: int, frames: int) -> Array:
    """A track (steps, ...) at a ``rate`` in Hz that is a multiple of 50, seen at each frame's middle."""
    step = rate // FRAME_RATE
    return np.asarray(track[step // 2 :: step][:frames])


def spring(track: Array, speed: float, rate: int) -> Array:
    """A critically damped spring that follows a track (steps,) from rest; 90 % there after ``3.9 / speed``
    seconds.
    """
    pole = float(np.exp(-speed / rate))
    return np.asarray(lfilter([(1 - pole) ** 2], [1.0, -2 * pole, pole**2], track))


def presence(frames: int) -> Array:
    """How far expression is there, (frames,): 0 at the utterance's very ends, so that it starts from the rest
    and returns to it.
    """
    time = frame_times(frames)
    to_edge = np.minimum(time, frames / FRAME_RATE - time)
    edge = min(EDGE, frames / FRAME_RATE / 2)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.minimum(1.0, to_edge / edge)))


def bump(time: Array, start: float, rise: float, fall: float) -> Array:
    """A gesture's course (n,): raised cosine from 0 at ``start`` to 1 after ``rise`` s, and back in ``fall``
    s.
    """
    phase = np.clip((time - start) / rise, 0.0, 1.0) - np.clip((time - start - rise) / fall, 0.0, 1.0)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * phase))
