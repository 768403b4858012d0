"""What each gesture looks like: fixed motion for a strength and a mood; chance is in when and how strong.

Everything here is a smooth function of strength, so that a network can learn it from onsets alone.
"""

from __future__ import annotations

from math import ceil, radians

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_RATE, FloatArray
from avatar.motion import COLUMNS, Column
from avatar.training.dyads.dyad import GESTURES, Gesture
from avatar.training.dyads.options import DyadError

Array = NDArray[np.float64]

STRENGTHS = (0.5, 1.6)  # weakest and strongest gesture
LONGEST = 8.0  # s; no gesture is seen longer

NOD_DEPTH = (radians(1.5), radians(1.6))  # of the first cycle: constant part, part by strength
NOD_RATE = (5.0, -1.4)  # Hz; weak nods are fast
NOD_RATES = (2.8, 4.4)  # Hz; people reach 6.5, which 25 frames a second can't draw
NOD_DECLINE = 0.62  # each cycle against the one before
NOD_CYCLES = ((0.55, 0.85), (1.05, 1.35))  # strengths over which the second and the third cycle come in

SMILE = 0.28  # weight
SMILE_MOOD = 0.3  # a glad face smiles by this share more, a sad one less
SMILE_TIMES = (0.8, 1.1)  # s up and down; held for the rest of its length
SMILE_LENGTH = (1.2, 1.7)  # s: constant part, part by strength
SMILE_SHAPES = (
    (Column.mouthSmileLeft, 1.0),
    (Column.mouthSmileRight, 0.95),
    (Column.cheekSquintLeft, 0.45),
    (Column.cheekSquintRight, 0.45),
    (Column.mouthDimpleLeft, 0.2),
    (Column.mouthDimpleRight, 0.2),
)

BROWS = 0.34  # weight
BROW_TIMES = (0.20, 0.36)  # s up and down
BROW_LENGTH = (0.58, 0.30)  # s
BROW_SHAPES = ((Column.browInnerUp, 1.0), (Column.browOuterUpLeft, 0.8), (Column.browOuterUpRight, 0.75))

TILT = (radians(0.8), radians(0.4), radians(4.2))  # yaw, pitch, roll
TILT_TIMES = (0.6, 0.9)  # s
TILT_LENGTH = (2.0, 1.0)  # s

SHIFT = (radians(2.6), radians(0.8), radians(-1.2))  # yaw, pitch, roll
SHIFT_TIMES = (0.9, 4.0)  # s: it settles fast and comes back slowly
SHIFT_LENGTH = (5.8, 1.0)  # s


def gesture_motion(gesture: Gesture, strength: float, valence: float) -> FloatArray:
    """Motion that one gesture adds to a face, float32 (frames, 61), from its onset until it is over.

    ``strength`` is about 1, negative for a ``TILT`` or ``SHIFT`` to the other side; ``valence`` is the face's
    own at the onset. Raises ``DyadError`` for a strength of 0 or out of range.
    """
    size = abs(strength)
    if not STRENGTHS[0] - 1e-6 <= size <= STRENGTHS[1] + 1e-6:
        raise DyadError(
            f"{gesture.name} has strength {strength:g}; it is {STRENGTHS[0]:g} to {STRENGTHS[1]:g}"
        )
    if gesture is Gesture.NOD:
        motion = np.zeros((_frames(3 / _nod_rate(size)), COLUMNS))
        motion[:, Column.headPitch] = _nod(size, len(motion))
    elif gesture is Gesture.SMILE:
        smile = SMILE * size * (1 + SMILE_MOOD * valence)
        motion = smile * _spread(SMILE_SHAPES, _swell(size, SMILE_TIMES, SMILE_LENGTH))
    elif gesture is Gesture.BROWS:
        motion = BROWS * size * _spread(BROW_SHAPES, _swell(size, BROW_TIMES, BROW_LENGTH))
    elif gesture is Gesture.TILT:
        motion = _turn(TILT, strength, _swell(size, TILT_TIMES, TILT_LENGTH))
    else:
        motion = _turn(SHIFT, strength, _swell(size, SHIFT_TIMES, SHIFT_LENGTH))
    return motion.astype(np.float32)


def render_gestures(onsets: FloatArray, valence: FloatArray) -> FloatArray:
    """Motion that all gestures of one party add to its face, float32 (frames, 61).

    ``onsets``: (frames, GESTURES), strengths at the frames in which gestures begin; ``valence``: (frames,).
    Overlapping gestures add up. Raises ``DyadError`` for shapes that don't match.
    """
    if onsets.ndim != 2 or onsets.shape[1] != GESTURES or valence.shape != (len(onsets),):
        raise DyadError(
            f"onsets {onsets.shape} and valence {valence.shape} don't match; "
            f"they are (frames, {GESTURES}) and (frames,)"
        )
    motion = np.zeros((len(onsets), COLUMNS), dtype=np.float32)
    for frame, gesture in np.argwhere(onsets != 0).tolist():
        added = gesture_motion(Gesture(gesture), float(onsets[frame, gesture]), float(valence[frame]))
        end = min(len(motion), frame + len(added))
        motion[frame:end] += added[: end - frame]
    return motion


def seconds(gesture: Gesture, strength: float) -> float:
    """How long a gesture of this strength is seen."""
    return len(gesture_motion(gesture, strength, 0.0)) / FRAME_RATE


def _frames(length: float) -> int:
    return ceil(length * FRAME_RATE)


def _nod_rate(size: float) -> float:
    return float(np.clip(NOD_RATE[0] + NOD_RATE[1] * size, *NOD_RATES))


def _nod(size: float, frames: int) -> Array:
    phase = np.arange(frames) / FRAME_RATE * _nod_rate(size)
    amplitude = NOD_DEPTH[0] + NOD_DEPTH[1] * size
    cycles = np.array([1.0, *(_ease((size - low) / (high - low)) for low, high in NOD_CYCLES), 0.0])
    cycle = np.minimum(phase.astype(int), 3)
    return np.asarray(
        amplitude * NOD_DECLINE**cycle * cycles[cycle] * (0.5 - 0.5 * np.cos(2 * np.pi * phase))
    )


def _swell(size: float, times: tuple[float, float], length: tuple[float, float]) -> Array:
    """A weight that rises to 1, stays and falls to 0, with smooth corners."""
    whole = min(length[0] + length[1] * size, LONGEST)
    time = np.arange(_frames(whole)) / FRAME_RATE
    return np.asarray(_ease(time / times[0]) * _ease((whole - time) / times[1]))


def _ease(phase: Array | float) -> Array:
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(phase, 0.0, 1.0)))


def _spread(shapes: tuple[tuple[Column, float], ...], weight: Array) -> Array:
    motion = np.zeros((len(weight), COLUMNS))
    for column, amount in shapes:
        motion[:, column] = amount * weight
    return motion


def _turn(angles: tuple[float, float, float], strength: float, weight: Array) -> Array:
    motion = np.zeros((len(weight), COLUMNS))
    # pitch is the same to either side
    motion[:, Column.headYaw] = angles[0] * strength * weight
    motion[:, Column.headPitch] = angles[1] * abs(strength) * weight
    motion[:, Column.headRoll] = angles[2] * strength * weight
    return motion
