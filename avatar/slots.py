"""What every bank of slots refuses, in the same words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_SAMPLES, FloatArray
from avatar.motion import COLUMNS, MotionError


def check_count(slots: int) -> None:
    """Raises ``MotionError`` for a bank without slots."""
    if slots < 1:
        raise MotionError(f"a bank needs at least 1 slot, not {slots}")


def check_slot(slot: int, slots: int) -> None:
    """Raises ``MotionError`` for a slot that a bank of ``slots`` doesn't have."""
    if not 0 <= slot < slots:
        raise MotionError(f"there is no slot {slot}; the bank has 0..{slots - 1}")


def check_step(
    slots: int,
    look_ahead: int,
    mask: NDArray[np.bool_],
    agent_pcm: FloatArray,
    user_pcm: FloatArray,
    user_motion: FloatArray | None,
    agent_ahead: FloatArray | None,
) -> None:
    """Raises ``MotionError`` for arguments of ``SlotBank.step`` of a wrong shape, or no mask."""
    sounds = (slots, FRAME_SAMPLES)
    _check_shape("mask", mask, (slots,))
    _check_shape("agent sound", agent_pcm, sounds)
    _check_shape("user sound", user_pcm, sounds)
    _check_shape("user motion", user_motion, (slots, COLUMNS))
    _check_shape("agent sound ahead", agent_ahead, (slots, look_ahead, FRAME_SAMPLES))
    if np.asarray(mask).dtype != np.bool_:
        raise MotionError(f"mask must be boolean, not {np.asarray(mask).dtype}")


def _check_shape(name: str, array: NDArray[np.generic] | None, wanted: tuple[int, ...]) -> None:
    if array is not None and np.shape(array) != wanted:
        raise MotionError(f"{name} has shape {np.shape(array)}; {wanted[0]} slots need {wanted}")
