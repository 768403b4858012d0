"""The avatar as a Ray Serve deployment: a bank of slots, one model call a tick for all of them."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from ray import serve

from avatar import AnimatorConfig
from orchestration.configuration.serving import AvatarServing
from orchestration.faces.desk import FaceBatch, FaceResult, SlotDesk
from orchestration.serving.limits import step_back

P = ParamSpec("P")
R = TypeVar("R")


@serve.deployment(name="Avatar")
class AvatarDeployment:
    """A :class:`~orchestration.faces.desk.SlotDesk` in a process of its own."""

    def __init__(self, config: AnimatorConfig, limits: AvatarServing) -> None:
        step_back(limits)
        self._desk = SlotDesk(config, limits.slots)
        self._executor = ThreadPoolExecutor(1, "avatar")

    async def open(self, seed: int, history: Sequence[FaceBatch]) -> int | None:
        """A lease on a slot, brought up to date by ``history``; None when all are taken."""
        return await self._run(self._desk.open, seed, history)

    async def step(self, batch: FaceBatch) -> FaceResult:
        """One frame of every face in the batch."""
        return await self._run(self._desk.step, batch)

    async def close(self, lease: int) -> None:
        """Give the slot back."""
        await self._run(self._desk.close, lease)

    async def _run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        call = functools.partial(work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)
