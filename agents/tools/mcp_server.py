"""One MCP server: connected in the background, and again whenever the connection is lost."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import httpx2
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client import IncomingMessage, Transport
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent, ToolListChangedNotification
from mcp.types import Tool as ListedTool

from agents.language_model import Tool
from agents.tools.configuration import McpServerConfig
from agents.tools.outcome import Outcome, ToolFailure
from agents.tools.watched_transport import Watched

log = logging.getLogger(__name__)

LONGEST_BACKOFF = 16  # times the configured wait
RELIST_SECONDS = 1.0  # between two looks at a server's tools, however often it says that they changed
# How a connection that can't be made or goes wrong ends.
BROKEN = (MCPError, OSError, ValueError, RuntimeError, httpx2.HTTPError, anyio.ClosedResourceError)
NAME_LENGTH = 64  # characters that language model servers accept in a tool's name


@dataclass(frozen=True, slots=True)
class _Connection:
    """One connection that works, and what is offered over it."""

    client: Client
    watched: Watched
    tools: tuple[Tool, ...]
    names: Mapping[str, str]  # ours -> the server's


class McpServer:
    """Keeps one connection and what came of it; everything but ``run`` may be read from any thread."""

    def __init__(self, name: str, config: McpServerConfig, token: str | None) -> None:
        self.name = name
        self.connections = 0
        self.tried = asyncio.Event()
        self._config = config
        self._token = token
        self._connection: _Connection | None = None  # replaced as a whole
        self._cause = "it is still being connected"
        self._changed = asyncio.Event()

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What it offers now; nothing while it isn't there."""
        connection = self._connection
        return () if connection is None or connection.watched.over.is_set() else connection.tools

    async def run(self) -> None:
        """Connect, serve, and connect again, until cancelled."""
        wait = self._config.retry_after_s
        while True:
            before = self.connections
            try:
                await self._serve()
            except TimeoutError:
                self._lose(f"no answer within {self._config.connect_timeout_s:g} s")
            except (ExceptionGroup, *BROKEN) as error:
                self._lose(_cause(error))
            self.tried.set()
            if self.connections > before:
                wait = self._config.retry_after_s
            await asyncio.sleep(wait)
            wait = min(wait * 2, self._config.retry_after_s * LONGEST_BACKOFF)

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Call one of ``tools`` by its name here; raises ``ToolFailure``."""
        connection = self._connection
        if connection is None or name not in connection.names:
            raise ToolFailure(Outcome.UNAVAILABLE, self.missing())
        try:
            result = await connection.client.call_tool(connection.names[name], dict(arguments))
        except MCPError as error:
            if connection.watched.over.is_set():
                raise ToolFailure(
                    Outcome.UNAVAILABLE,
                    f"the server {self.name} broke off the call: {connection.watched.cause}",
                ) from error
            raise ToolFailure(Outcome.RAISED, f"{name} failed: {error}") from error
        except (RuntimeError, ValueError, OSError, httpx2.HTTPError) as error:
            raise ToolFailure(Outcome.RAISED, f"{name} gave no usable result: {error}") from error
        text = _text(result)
        if result.is_error:
            raise ToolFailure(Outcome.RAISED, f"{name} failed: {text}")
        return text

    def missing(self) -> str:
        """Why its tools can't be called."""
        connection = self._connection
        if connection is None:
            return f"the tool server {self.name} is not there: {self._cause}"
        if connection.watched.over.is_set():
            return f"the tool server {self.name} is not there: {connection.watched.cause}"
        return f"the tool server {self.name} has no such tool any more"

    async def _serve(self) -> None:
        """One connection from its beginning to its end."""
        watched = Watched(self._transport(), self._config.messages_per_s)
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(self._config.connect_timeout_s):
                client = await stack.enter_async_context(
                    Client(watched, message_handler=self._on_message, cache=None)
                )
                self._connection = connection = await self._list(client, watched)
            self.connections += 1
            self.tried.set()
            log.info("the tool server %s offers %d tools", self.name, len(connection.tools))
            await self._until_over(client, watched)
        self._lose(watched.cause)

    async def _until_over(self, client: Client, watched: Watched) -> None:
        over = asyncio.ensure_future(watched.over.wait())
        try:
            while not over.done():
                changed = asyncio.ensure_future(self._changed.wait())
                await asyncio.wait({over, changed}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                if not over.done():
                    await asyncio.wait({over}, timeout=RELIST_SECONDS)
                    self._changed.clear()
                    async with asyncio.timeout(self._config.connect_timeout_s):
                        self._connection = await self._list(client, watched)
        finally:
            over.cancel()

    async def _on_message(self, message: IncomingMessage) -> None:
        if isinstance(message, ToolListChangedNotification):
            self._changed.set()

    async def _list(self, client: Client, watched: Watched) -> _Connection:
        found: dict[str, Tool] = {}
        names: dict[str, str] = {}
        cursor: str | None = None
        limit = self._config.max_tools
        for _ in range(limit):  # pages; one without tools that names a next one must not go on for ever
            page = await client.list_tools(cursor=cursor)
            known = len(found)
            for tool in page.tools[: limit + 1]:
                ours = f"{self.name}__{re.sub(r'[^A-Za-z0-9_-]', '_', tool.name)}"[:NAME_LENGTH]
                found.setdefault(ours, _described(ours, tool))
                if names.setdefault(ours, tool.name) != tool.name:
                    log.warning(
                        "%s: the tools %s and %s have one name here", self.name, names[ours], tool.name
                    )
            cursor = page.next_cursor
            if not cursor:
                break
            if len(found) == known or len(found) >= limit:
                log.warning("the tool server %s has tools without end; the first %d count", self.name, limit)
                break
        if len(found) > limit:
            log.warning("the tool server %s has more than %d tools; the first count", self.name, limit)
            found = dict(list(found.items())[:limit])
        return _Connection(client, watched, tuple(found.values()), names)

    def _lose(self, cause: str) -> None:
        self._connection = None
        self._cause = cause
        log.warning("the tool server %s is not there: %s; it is tried again", self.name, cause)

    def _transport(self) -> Transport:
        config = self._config
        if config.url is None:
            program, *arguments = config.command
            return stdio_client(
                StdioServerParameters(command=program, args=arguments, env=dict(config.env), cwd=config.cwd)
            )
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        http = httpx2.AsyncClient(headers=headers, timeout=config.connect_timeout_s)
        return _over_http(config.url, http)


@asynccontextmanager
async def _over_http(url: str, http: httpx2.AsyncClient) -> AsyncIterator[Any]:
    async with http, streamable_http_client(url, http_client=http) as streams:
        yield streams


def _described(name: str, tool: ListedTool) -> Tool:
    return Tool(name, tool.description or tool.title or "", tool.input_schema)


def _text(result: CallToolResult) -> str:
    """What a model can read of a result."""
    parts = [
        block.text if isinstance(block, TextContent) else f"[{block.type}, not shown]"
        for block in result.content
    ]
    if not parts and result.structured_content is not None:
        return str(result.structured_content)
    return "\n".join(parts) or "done"


def _cause(error: Exception) -> str:
    """The first of the errors in a group, however deep it lies."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
