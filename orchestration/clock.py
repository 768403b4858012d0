"""Time, injected: real in production, virtual in tests and simulations."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Clock(Protocol):
    """Seconds from an arbitrary origin that never go backwards."""

    def now(self) -> float:
        """Current time, seconds."""
        ...

    async def sleep_until(self, when: float) -> None:
        """Return at ``when`` (seconds), or at once, after yielding to the loop, if that has passed."""
        ...


class LoopClock:
    """The running event loop's own time.

    Timeouts, sleeps and the metronome then share one notion of time, which a
    :class:`~orchestration.virtual_time.VirtualTimeLoop` can run as fast as the work allows.
    """

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep_until(self, when: float) -> None:
        await asyncio.sleep(max(0.0, when - self.now()))
