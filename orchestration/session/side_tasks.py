"""Work beside the metronome: kept until it is done, told when it breaks, stopped at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from orchestration.session.events import EventType
from orchestration.session.timeline import Timeline

log = logging.getLogger(__name__)


class SideTasks:
    """The tasks of one conversation; ``on_error`` follows one that ended in an exception."""

    def __init__(self, timeline: Timeline, on_error: Callable[[], None]) -> None:
        self._timeline = timeline
        self._on_error = on_error
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin ``work``; cancel the task to stop it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def close(self) -> None:
        """Stop all of them and wait until they have stopped."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("answering failed", exc_info=error, extra={"session": self._timeline.session})
            self._timeline.count("internal_error", EventType.PROBLEM, repr(error))
            self._on_error()
