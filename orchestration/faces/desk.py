"""A bank of slots lent out as leases, all stepped with one call of the animator."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from avatar import AnimatorConfig, load_animator
from orchestration.media import MOTION_SIZE, USER_FRAME_SAMPLES, FloatArray

LEASE_SECONDS = 30.0  # a slot that nobody stepped for this long is free again


@dataclass(frozen=True, slots=True)
class FaceBatch:
    """One frame of several faces: leases (n,), sounds (n, 640), user motion (n, 61) with NaN for unknown,
    and what the agents say next (n, AHEAD_FRAMES, 640) with NaN where that isn't known yet.
    """

    leases: tuple[int, ...]
    agent_pcm: FloatArray
    user_pcm: FloatArray
    user_motion: FloatArray
    agent_ahead: FloatArray


@dataclass(frozen=True, slots=True)
class FaceResult:
    """Motion (n, 61) of a batch; ``lost`` leases are unknown here and their rows mean nothing."""

    motion: FloatArray
    lost: frozenset[int]


class SlotDesk:
    """Hands out slots as leases and steps the ones that have a new frame."""

    def __init__(self, config: AnimatorConfig, slots: int) -> None:
        self._stack = ExitStack()
        options = config.model_dump(exclude={"name"})
        self._bank = self._stack.enter_context(load_animator(config.name, **options).open_slots(slots))
        self._slots = slots
        self._lease_of: dict[int, int] = {}  # lease -> slot
        self._used_at: dict[int, float] = {}  # lease -> monotonic seconds
        self._next_lease = int(time.time_ns() % 2**40)  # differs from those of a replica that was lost

    def open(self, seed: int, history: Sequence[FaceBatch] = ()) -> int | None:
        """A lease on a cleared slot, brought up to date by ``history``; None when all are taken."""
        now = time.monotonic()
        for lease in [lease for lease, used in self._used_at.items() if now - used > LEASE_SECONDS]:
            self.close(lease)
        free = set(range(self._slots)).difference(self._lease_of.values())
        if not free:
            return None
        slot = min(free)
        self._bank.reset(slot, seed)
        self._next_lease += 1
        self._lease_of[self._next_lease] = slot
        self._used_at[self._next_lease] = now
        for batch in history:
            self.step(replace(batch, leases=(self._next_lease,)))
        return self._next_lease

    def close(self, lease: int) -> None:
        """Give the slot back; an unknown lease is none."""
        self._lease_of.pop(lease, None)
        self._used_at.pop(lease, None)

    def step(self, batch: FaceBatch) -> FaceResult:
        """Advance the batch's faces by one frame with one call of the animator."""
        lost = frozenset(lease for lease in batch.leases if lease not in self._lease_of)
        rows = [row for row, lease in enumerate(batch.leases) if lease not in lost]
        slots = [self._lease_of[batch.leases[row]] for row in rows]
        mask: NDArray[np.bool_] = np.zeros(self._slots, np.bool_)
        mask[slots] = True
        agent = np.zeros((self._slots, USER_FRAME_SAMPLES), np.float32)
        user = np.zeros_like(agent)
        user_motion = np.full((self._slots, MOTION_SIZE), np.nan, np.float32)
        agent[slots], user[slots] = batch.agent_pcm[rows], batch.user_pcm[rows]
        user_motion[slots] = batch.user_motion[rows]
        ahead = np.full((self._slots, self._bank.look_ahead, USER_FRAME_SAMPLES), np.nan, np.float32)
        wanted = min(self._bank.look_ahead, batch.agent_ahead.shape[1])
        ahead[slots, :wanted] = batch.agent_ahead[rows, :wanted]
        stepped = self._bank.step(mask, agent, user, user_motion, ahead)
        motion = np.zeros((len(batch.leases), MOTION_SIZE), np.float32)
        motion[rows] = stepped[slots]
        now = time.monotonic()
        self._used_at.update((batch.leases[row], now) for row in rows)
        return FaceResult(motion, lost)

    def shut(self) -> None:
        """Let the animator go."""
        self._stack.close()
