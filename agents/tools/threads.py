"""Blocking functions beside the event loop, in threads that may be left behind when they never return."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from agents.tools.outcome import Outcome, ToolFailure

T = TypeVar("T")


class Threads:
    """Runs at most ``limit`` functions at the same time, each in a daemon thread of its own.

    A pool would make the program's exit wait for a function that hangs. A thread can't be ended from
    outside: one that was given up still counts until its function returns.
    """

    def __init__(self, limit: int = 8) -> None:
        self._limit = limit
        self._running = 0
        self._lock = threading.Lock()

    async def run(self, function: Callable[[], T], name: str) -> T:
        """What ``function`` returns or raises; raises ``ToolFailure`` when every thread is taken."""
        with self._lock:
            if self._running >= self._limit:
                raise ToolFailure(
                    Outcome.UNAVAILABLE,
                    f"{name} can't start: {self._limit} calls are still running, some may hang",
                )
            self._running += 1
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: Exception | None) -> None:
            if future.cancelled():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]  # None only where T allows it

        def work() -> None:
            result: T | None = None
            failure: Exception | None = None
            try:
                result = function()
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is the caller's to see
                failure = error
            finally:
                with self._lock:
                    self._running -= 1
            if not loop.is_closed():
                try:
                    loop.call_soon_threadsafe(settle, result, failure)
                except RuntimeError:
                    return  # the loop closed in this very moment: nobody waits any more

        threading.Thread(target=work, name=f"tool {name}", daemon=True).start()
        return await future
