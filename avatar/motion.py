"""The space motion lives in: 61 named columns in ARKit order, their ranges, and checks that name what is
wrong.

Columns 0-51 are ARKit's face shapes in Live Link UDP order; 52-60 are head and eye rotations in radians.
Rotations are right-handed about the axes of ARKit's face anchor (x to the face's own left, y up, z out of the
face), intrinsic yaw-pitch-roll: positive yaw turns to the face's own left, positive pitch looks down,
positive roll tips the head towards its own right shoulder.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import pi
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray

Motion: TypeAlias = FloatArray  # (61,): one frame of face

TOLERANCE = 1e-5  # how far a column may leave its range through float32 rounding
EYE_LOOK_YAW = 0.65  # radians at which eyeLookIn/Out reach 1
EYE_LOOK_PITCH = 0.50  # radians at which eyeLookUp/Down reach 1


class MotionError(ValueError):
    """Motion or sound with a wrong shape, a non-finite number, or a value out of range."""


class Column(IntEnum):
    """Index of every column of motion by its ARKit name."""

    eyeBlinkLeft = 0
    eyeLookDownLeft = 1
    eyeLookInLeft = 2
    eyeLookOutLeft = 3
    eyeLookUpLeft = 4
    eyeSquintLeft = 5
    eyeWideLeft = 6
    eyeBlinkRight = 7
    eyeLookDownRight = 8
    eyeLookInRight = 9
    eyeLookOutRight = 10
    eyeLookUpRight = 11
    eyeSquintRight = 12
    eyeWideRight = 13
    jawForward = 14
    jawLeft = 15
    jawRight = 16
    jawOpen = 17
    mouthClose = 18
    mouthFunnel = 19
    mouthPucker = 20
    mouthLeft = 21
    mouthRight = 22
    mouthSmileLeft = 23
    mouthSmileRight = 24
    mouthFrownLeft = 25
    mouthFrownRight = 26
    mouthDimpleLeft = 27
    mouthDimpleRight = 28
    mouthStretchLeft = 29
    mouthStretchRight = 30
    mouthRollLower = 31
    mouthRollUpper = 32
    mouthShrugLower = 33
    mouthShrugUpper = 34
    mouthPressLeft = 35
    mouthPressRight = 36
    mouthLowerDownLeft = 37
    mouthLowerDownRight = 38
    mouthUpperUpLeft = 39
    mouthUpperUpRight = 40
    browDownLeft = 41
    browDownRight = 42
    browInnerUp = 43
    browOuterUpLeft = 44
    browOuterUpRight = 45
    cheekPuff = 46
    cheekSquintLeft = 47
    cheekSquintRight = 48
    noseSneerLeft = 49
    noseSneerRight = 50
    tongueOut = 51
    headYaw = 52
    headPitch = 53
    headRoll = 54
    leftEyeYaw = 55
    leftEyePitch = 56
    leftEyeRoll = 57
    rightEyeYaw = 58
    rightEyePitch = 59
    rightEyeRoll = 60


NAMES: tuple[str, ...] = tuple(column.name for column in Column)
COLUMNS = len(NAMES)  # 61
SHAPES = 52  # columns 0..51 are weights 0..1; the rest are radians

HEAD = slice(Column.headYaw, Column.headRoll + 1)  # yaw, pitch, roll
HEAD_LIMIT = pi / 2  # radians each way
EYE_LIMIT = pi / 3  # radians each way

ARTICULATORS: NDArray[np.intp] = np.array(
    [
        Column.jawForward, Column.jawLeft, Column.jawRight, Column.jawOpen, Column.mouthClose,
        Column.mouthFunnel, Column.mouthPucker, Column.mouthStretchLeft, Column.mouthStretchRight,
        Column.mouthRollLower, Column.mouthRollUpper, Column.mouthShrugLower, Column.mouthShrugUpper,
        Column.mouthPressLeft, Column.mouthPressRight, Column.mouthLowerDownLeft, Column.mouthLowerDownRight,
        Column.mouthUpperUpLeft, Column.mouthUpperUpRight, Column.cheekPuff, Column.tongueOut,
    ],
    dtype=np.intp,
)  # fmt: skip
"""Columns that shape sounds; they rest at 0 when the agent is silent. Smiles are expression, not
articulation.
"""


@dataclass(frozen=True)
class MotionSpace:
    """Named columns with ranges: ``low`` and ``high`` are float32 (columns,)."""

    name: str
    names: tuple[str, ...]
    low: FloatArray
    high: FloatArray

    def neutral(self) -> Motion:
        """A face at rest, float32 (columns,), all zeros."""
        return np.zeros(len(self.names), dtype=np.float32)

    def clip(self, motion: NDArray[np.floating[Any]]) -> FloatArray:
        """Motion (..., columns) moved into range; non-finite values stay as they are."""
        return np.asarray(np.clip(motion, self.low, self.high), dtype=np.float32)

    def validate(self, motion: FloatArray) -> None:
        """Check motion of shape (columns,) or (T, columns).

        Raises ``MotionError`` naming the first offending frame, column and value.
        """
        if motion.ndim not in (1, 2) or motion.shape[-1] != len(self.names):
            raise MotionError(
                f"motion has shape {motion.shape}; {self.name} motion is ({len(self.names)},) "
                f"or (T, {len(self.names)})"
            )
        frames = np.atleast_2d(motion)
        bad = ~np.isfinite(frames) | (frames < self.low - TOLERANCE) | (frames > self.high + TOLERANCE)
        if bad.any():
            frame, column = (int(i) for i in np.argwhere(bad)[0])
            low, high = float(self.low[column]), float(self.high[column])
            raise MotionError(
                f"{self.names[column]} is {float(frames[frame, column]):g} in frame {frame}; "
                f"it must be a finite number in {low:g}..{high:g} (clip() moves values into range)"
            )


def _limits() -> FloatArray:
    high = np.ones(COLUMNS, dtype=np.float32)
    high[HEAD] = HEAD_LIMIT
    high[Column.leftEyeYaw :] = EYE_LIMIT
    return high


_HIGH = _limits()
_LOW = np.where(np.arange(COLUMNS) < SHAPES, np.float32(0), -_HIGH).astype(np.float32)
ARKIT = MotionSpace(name="ARKit", names=NAMES, low=_LOW, high=_HIGH)

neutral = ARKIT.neutral
clip = ARKIT.clip
validate = ARKIT.validate


@dataclass(frozen=True)
class MotionClip:
    """Motion over time: ``motion`` float32 (T, 61) and ``pts`` int64 (T,), rising frame indices at 25 a
    second.
    """

    motion: FloatArray
    pts: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.motion.ndim != 2 or self.motion.shape[1] != COLUMNS or not len(self.motion):
            raise MotionError(f"a clip's motion is (T, {COLUMNS}) with T >= 1, not {self.motion.shape}")
        if self.pts.shape != (len(self.motion),):
            raise MotionError(f"pts has shape {self.pts.shape} for {len(self.motion)} frames")
        if self.pts[0] < 0 or np.any(np.diff(self.pts) <= 0):
            raise MotionError("pts must start at 0 or later and rise from frame to frame")
        validate(self.motion)

    @classmethod
    def of(cls, motion: FloatArray, pts: NDArray[np.int64] | None = None) -> MotionClip:
        """A clip of (T, 61) motion; without ``pts``, frames are numbered from 0."""
        frames = np.arange(len(motion)) if pts is None else np.asarray(pts)
        return cls(np.asarray(motion, dtype=np.float32), frames.astype(np.int64))
