"""A connection to an MCP server that tells when it ends and cuts off a server that says too much."""

from __future__ import annotations

import time
from collections import deque
from types import TracebackType
from typing import Any, Self

import anyio
from mcp.client import Transport
from mcp.shared.message import SessionMessage

WINDOW_SECONDS = 2.0  # over which messages are counted


class Watched:
    """A transport round another one, and the read stream of it."""

    def __init__(self, transport: Transport, messages_per_s: int) -> None:
        self.over = anyio.Event()
        self.cause = ""
        self._transport = transport
        self._limit = round(messages_per_s * WINDOW_SECONDS)
        self._arrivals: deque[float] = deque(maxlen=self._limit + 1)
        self._read: Any = None

    async def __aenter__(self) -> Any:
        self._read, write = await self._transport.__aenter__()
        return _Reading(self), write

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        self.end("closed")
        return await self._transport.__aexit__(kind, error, trace)

    def end(self, cause: str) -> None:
        """The connection is of no use any more; the first cause counts."""
        if not self.over.is_set():
            self.cause = cause
            self.over.set()

    @property
    def last_context(self) -> Any:
        """The sender's context of the last message, where the transport keeps it."""
        return getattr(self._read, "last_context", None)

    async def receive(self) -> SessionMessage | Exception:
        """The next message; raises ``anyio.EndOfStream`` at the end, which may be ours."""
        if self.over.is_set():
            raise anyio.EndOfStream
        try:
            message: SessionMessage | Exception = await self._read.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
            self.end("it closed the connection")
            raise
        now = time.monotonic()
        self._arrivals.append(now)
        if len(self._arrivals) > self._limit and now - self._arrivals[0] < WINDOW_SECONDS:
            self.end(f"it sent more than {self._limit} messages in {WINDOW_SECONDS:g} s")
            raise anyio.EndOfStream
        return message

    async def close_reading(self) -> None:
        """The client won't read any more."""
        await self._read.aclose()


class _Reading:
    """What the MCP client reads from."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    @property
    def last_context(self) -> Any:
        return self._watched.last_context

    async def receive(self) -> SessionMessage | Exception:
        return await self._watched.receive()

    async def aclose(self) -> None:
        await self._watched.close_reading()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self._watched.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        await self.aclose()
        return None
