"""Turning both eyes a little further than an animator did, in every column that says where they look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar.motion import EYE_LOOK_PITCH, EYE_LOOK_YAW, Column

# Per eye: rotations, and the weights that grow as it turns to the face's own left, right, down and up.
_EYES = (
    (Column.leftEyeYaw, Column.eyeLookOutLeft, Column.eyeLookInLeft),
    (Column.rightEyeYaw, Column.eyeLookInRight, Column.eyeLookOutRight),
)
_LIDS = (
    (Column.leftEyePitch, Column.eyeLookDownLeft, Column.eyeLookUpLeft),
    (Column.rightEyePitch, Column.eyeLookDownRight, Column.eyeLookUpRight),
)


def turn_eyes(motion: NDArray[np.float64], yaw: float, pitch: float) -> None:
    """Add ``yaw`` (to the face's own left) and ``pitch`` (down), radians, to the eyes of ``motion`` (61,)."""
    for turn, scale, columns in ((yaw, EYE_LOOK_YAW, _EYES), (pitch, EYE_LOOK_PITCH, _LIDS)):
        for rotation, towards, back in columns:
            motion[rotation] += turn
            # What both weights share says nothing about direction and stays.
            shared = min(motion[towards], motion[back])
            look = motion[towards] - motion[back] + turn / scale
            motion[towards] = shared + max(look, 0.0)
            motion[back] = shared + max(-look, 0.0)
