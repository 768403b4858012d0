"""A bank of slots on a thread of this process."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from avatar import AnimatorConfig
from orchestration.faces.desk import FaceBatch, FaceResult, SlotDesk

P = ParamSpec("P")
R = TypeVar("R")


class LocalFaceBackend:
    """``FaceBackend`` on a thread of this process."""

    def __init__(self, config: AnimatorConfig, slots: int) -> None:
        self._desk = SlotDesk(config, slots)
        self._executor = ThreadPoolExecutor(1, "avatar")

    async def open(self, seed: int, history: tuple[FaceBatch, ...]) -> int | None:
        """A lease on a slot brought up to date by ``history``; None when all are taken."""
        return await self._run(self._desk.open, seed, history)

    async def step(self, batch: FaceBatch) -> FaceResult:
        """One frame of every face in the batch."""
        return await self._run(self._desk.step, batch)

    async def close(self, lease: int) -> None:
        """Give the slot back."""
        await self._run(self._desk.close, lease)

    def shut(self) -> None:
        """Let the animator and the thread go."""
        self._executor.shutdown()
        self._desk.shut()

    async def _run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        call = functools.partial(work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)
