"""Motion between its frames: other frame rates to 25 a second and back."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_RATE, FloatArray
from avatar.formats.columns import MotionFormatError
from avatar.motion import MotionClip

LONGEST_GAP: Final = 0.25  # seconds between two frames that are still joined by a straight line


def interpolate(
    times: NDArray[np.float64], motion: FloatArray, at: Sequence[float] | NDArray[np.float64]
) -> FloatArray:
    """Motion (N, 61) at the times ``at`` (N,), on straight lines between the frames given.

    ``times`` (T,) rise, seconds; before the first and after the last, the face holds. Head and eyes turn by
    less than a quarter of a circle, so their angles are interpolated as they are.
    """
    wanted = np.clip(np.asarray(at, dtype=np.float64), times[0], times[-1])
    after = np.clip(np.searchsorted(times, wanted, side="right"), 1, max(len(times) - 1, 1))
    if len(times) == 1:
        return np.repeat(motion, len(wanted), axis=0)
    before = after - 1
    share = (wanted - times[before]) / (times[after] - times[before])
    return (motion[before] + share[:, None] * (motion[after] - motion[before])).astype(np.float32)


def to_frame_rate(times: NDArray[np.float64], motion: FloatArray) -> MotionClip:
    """A clip at 25 frames a second of motion (T, 61) at any ``times`` (T,), seconds from 0, that rise.

    Frames that would fall into a gap of more than ``LONGEST_GAP`` seconds are left out, as pts tells.
    Raises ``MotionFormatError`` where no frame is left, ``MotionError`` for motion that isn't valid.
    """
    first = ceil(times[0] * FRAME_RATE - 1e-6)
    last = floor(times[-1] * FRAME_RATE + 1e-6)
    pts = np.arange(first, last + 1, dtype=np.int64)
    at = pts / FRAME_RATE
    following = np.clip(np.searchsorted(times, at - 1e-9), 0, len(times) - 1)
    preceding = np.clip(np.searchsorted(times, at + 1e-9, side="right") - 1, 0, len(times) - 1)
    kept = times[following] - times[preceding] <= LONGEST_GAP
    if not kept.any():
        raise MotionFormatError(f"no frame is left at {FRAME_RATE} fps: {len(times)} of motion are too few")
    return MotionClip.of(interpolate(times, motion, at[kept]), pts[kept])


def seconds_of(clip: MotionClip) -> NDArray[np.float64]:
    """When the clip's frames are due, seconds on its timeline."""
    return np.asarray(clip.pts / FRAME_RATE, dtype=np.float64)
