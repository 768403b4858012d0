"""Events on their way to the client: bounded, in order, in its dialect."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from orchestration.realtime.dialect import Dialect, server_event
from orchestration.realtime.problems import EventError


class Outbox:
    """Holds at most ``limit`` events; one more calls ``on_full``, and it is lost."""

    def __init__(self, limit: int, dialect: Dialect, on_full: Callable[[], None]) -> None:
        self.dialect = dialect
        self._queue: asyncio.Queue[str] = asyncio.Queue(limit)
        self._on_full = on_full

    def post(self, type: str, **fields: Any) -> None:
        """Queue an event."""
        event = server_event(type, self.dialect, fields)
        if event is None:
            return
        try:
            self._queue.put_nowait(json.dumps(event, separators=(",", ":"), ensure_ascii=False))
        except asyncio.QueueFull:
            self._on_full()

    def refuse(self, error: EventError, event_id: str | None) -> None:
        """Queue an ``error`` event about the client's event ``event_id``."""
        self.post("error", error=error.wire(event_id))

    def fail(self, code: str, message: str) -> None:
        """Queue an ``error`` event about something that isn't the client's fault."""
        self.post(
            "error",
            error={"type": "server_error", "code": code, "message": message, "param": None, "event_id": None},
        )

    def make_room(self) -> None:
        """Drop the oldest event if there is no room for another one."""
        if self._queue.full():
            self._queue.get_nowait()
            self._queue.task_done()

    async def next(self) -> str:
        """The next event; ``sent`` must follow."""
        return await self._queue.get()

    def sent(self) -> None:
        """The event is out."""
        self._queue.task_done()

    async def empty(self) -> None:
        """Return when every event is out."""
        await self._queue.join()
