"""Gathers the faces of all sessions of a process into one call a tick, and keeps them alive."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from orchestration.engines import EngineError, FacesFull
from orchestration.faces.desk import FaceBatch, FaceResult
from orchestration.media import FRAME_RATE, MOTION_SIZE, FloatArray

log = logging.getLogger(__name__)

REPLAY_FRAMES: Final = 8 * FRAME_RATE  # what a lost slot is rebuilt from
MAX_IN_FLIGHT: Final = 4  # calls under way before frames are given up instead of queued
GATHER_SECONDS: Final = 0.001  # how long the first session of a tick waits for the others

UNKNOWN_MOTION: Final = np.full(MOTION_SIZE, np.nan, np.float32)


class FaceBackend(Protocol):
    """A bank of slots, in this process or another; failures raise ``EngineError``."""

    async def open(self, seed: int, history: tuple[FaceBatch, ...]) -> int | None:
        """A lease on a slot brought up to date by ``history``; None when all are taken."""
        ...

    async def step(self, batch: FaceBatch) -> FaceResult:
        """One frame of every face in the batch."""
        ...

    async def close(self, lease: int) -> None:
        """Give the slot back."""
        ...


@dataclass(slots=True)
class _Waiting:
    channel: MixerChannel
    frame: FaceBatch
    motion: asyncio.Future[FloatArray | None]


class FaceMixer:
    """``Faces`` over one backend: one call a tick, a deadline for each frame, lost leases replayed."""

    def __init__(self, backend: FaceBackend, deadline: float) -> None:
        self._backend = backend
        self._deadline = deadline  # seconds
        self._channels: set[MixerChannel] = set()
        self._waiting: list[_Waiting] = []
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight = 0
        self.calls = 0
        self.lost = 0

    async def open(self, seed: int) -> MixerChannel:
        """A channel to a fresh face; raises ``FacesFull``."""
        lease = await self._backend.open(seed, ())
        if lease is None:
            raise FacesFull("every face slot of the avatar is taken")
        channel = MixerChannel(self, seed, lease)
        self._channels.add(channel)
        return channel

    async def close(self, channel: MixerChannel) -> None:
        """Give a channel's slot back; a backend that is gone has nothing to take back."""
        self._channels.discard(channel)
        try:
            await self._backend.close(channel.lease)
        except EngineError as error:
            log.info("the avatar did not take a slot back: %s", error)

    async def step(self, channel: MixerChannel, frame: FaceBatch) -> FloatArray | None:
        """The channel's motion for ``frame``, or None if it doesn't come by the deadline."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(channel, frame, loop.create_future())
        self._waiting.append(waiting)
        if len(self._waiting) >= len(self._channels):
            self._send()
        elif self._timer is None:
            self._timer = loop.call_later(GATHER_SECONDS, self._send)
        try:
            async with asyncio.timeout(self._deadline):
                return await waiting.motion
        except TimeoutError:
            return None

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting, []
        if self._in_flight >= MAX_IN_FLIGHT:
            _give_up(batch)
            return
        self._start(self._call(batch))

    async def _call(self, waiting: list[_Waiting]) -> None:
        self._in_flight += 1
        self.calls += 1
        try:
            result = await self._backend.step(_stack(waiting))
        except EngineError as error:
            log.warning("the avatar failed: %s", error)
            _give_up(waiting)
            self._reopen([each.channel for each in waiting])
            return
        finally:
            self._in_flight -= 1
        for each, motion in zip(waiting, result.motion, strict=True):
            lost = each.channel.lease in result.lost
            if not each.motion.done():
                each.motion.set_result(None if lost else motion)
        self._reopen([each.channel for each in waiting if each.channel.lease in result.lost])

    def _reopen(self, channels: list[MixerChannel]) -> None:
        for channel in channels:
            if not channel.reopening:
                channel.reopening = True
                self._start(self._replay(channel))

    async def _replay(self, channel: MixerChannel) -> None:
        self.lost += 1
        try:
            lease = await self._backend.open(channel.seed, tuple(channel.history))
            if lease is not None:
                channel.lease = lease
        except EngineError as error:
            log.warning("a face could not be reopened: %s", error)
        finally:
            channel.reopening = False

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class MixerChannel:
    """One session's ``FaceChannel``."""

    def __init__(self, mixer: FaceMixer, seed: int, lease: int) -> None:
        self._mixer = mixer
        self.seed = seed
        self.lease = lease
        self.reopening = False
        self.history: deque[FaceBatch] = deque(maxlen=REPLAY_FRAMES)

    async def step(
        self,
        agent_pcm: FloatArray,
        user_pcm: FloatArray,
        user_motion: FloatArray | None,
        agent_ahead: FloatArray,
    ) -> FloatArray | None:
        """See ``FaceChannel``."""
        motion = UNKNOWN_MOTION if user_motion is None else user_motion
        frame = FaceBatch((0,), agent_pcm[None], user_pcm[None], motion[None], agent_ahead[None])
        self.history.append(frame)
        if self.reopening:
            return None
        return await self._mixer.step(self, frame)

    async def close(self) -> None:
        """Give the slot back."""
        await self._mixer.close(self)


def _stack(waiting: list[_Waiting]) -> FaceBatch:
    return FaceBatch(
        tuple(each.channel.lease for each in waiting),
        np.concatenate([each.frame.agent_pcm for each in waiting]),
        np.concatenate([each.frame.user_pcm for each in waiting]),
        np.concatenate([each.frame.user_motion for each in waiting]),
        np.concatenate([each.frame.agent_ahead for each in waiting]),
    )


def _give_up(waiting: list[_Waiting]) -> None:
    for each in waiting:
        if not each.motion.done():
            each.motion.set_result(None)
