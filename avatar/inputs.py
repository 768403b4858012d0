"""Checks of what comes into an animator: one frame of sound, one frame of motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_SAMPLES, FloatArray
from avatar.motion import COLUMNS, NAMES, MotionError


def sound_frame(pcm: FloatArray, whose: str) -> FloatArray:
    """One frame of sound as float32 (640,), samples beyond -1..1 clipped.

    Raises ``MotionError`` on a wrong shape, integer samples, or non-finite values.
    """
    sound = floating(pcm, whose)
    if sound.shape != (FRAME_SAMPLES,):
        raise MotionError(
            f"{whose} sound has shape {sound.shape}; one frame is ({FRAME_SAMPLES},): 40 ms of mono at 16 kHz"
        )
    finite(sound, whose)
    return np.clip(sound, -1.0, 1.0)


def motion_frame(motion: FloatArray | None) -> FloatArray | None:
    """The user's motion as float32 (61,), or None; raises ``MotionError`` on a wrong shape or non-finite
    values.
    """
    if motion is None:
        return None
    frame = np.asarray(motion, dtype=np.float32)
    if frame.shape != (COLUMNS,):
        raise MotionError(f"user motion has shape {frame.shape}; one frame is ({COLUMNS},)")
    bad = np.flatnonzero(~np.isfinite(frame))
    if bad.size:
        raise MotionError(
            f"user motion: {NAMES[bad[0]]} is {float(frame[bad[0]])}; pass None where motion is unknown"
        )
    return frame


def floating(pcm: FloatArray, whose: str) -> FloatArray:
    """Samples as float32; raises ``MotionError`` for integer samples, which would be read 32,768 times too
    loud.
    """
    sound = np.asarray(pcm)
    if not np.issubdtype(sound.dtype, np.floating):
        raise MotionError(
            f"{whose} sound has samples of type {sound.dtype}; pass float32 in -1..1 (PCM16 / 32768)"
        )
    return sound.astype(np.float32, copy=False)


def finite(sound: NDArray[np.float32], whose: str) -> None:
    """Raises ``MotionError`` naming the first sample that is NaN or infinite."""
    if not np.isfinite(sound).all():
        sample = int(np.flatnonzero(~np.isfinite(sound))[0])
        raise MotionError(f"{whose} sound: sample {sample} is {float(sound[sample])}; samples must be finite")
