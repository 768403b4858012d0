"""What every bank of slots refuses, in the same words; and a face that is a bank of one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_SAMPLES, FloatArray, SlotBank
from avatar.motion import COLUMNS, MotionError


class OneSlot:
    """One face: a bank of a single slot."""

    def __init__(self, bank: SlotBank, seed: int) -> None:
        bank.reset(0, seed)
        self._bank = bank
        self._mask = np.ones(1, np.bool_)

    def step(
        self,
        agent_pcm: FloatArray,
        user_pcm: FloatArray,
        user_motion: FloatArray | None = None,
        agent_ahead: FloatArray | None = None,
    ) -> FloatArray:
        """See ``Face.step``."""
        seen = None if user_motion is None else np.asarray(user_motion)[None]
        ahead = None if agent_ahead is None else np.asarray(agent_ahead)[None]
        agent, user = np.asarray(agent_pcm)[None], np.asarray(user_pcm)[None]
        motion: FloatArray = self._bank.step(self._mask, agent, user, seen, ahead)[0]
        return motion


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
