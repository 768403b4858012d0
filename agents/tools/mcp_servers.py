"""MCP servers as tools, on a thread and an event loop of their own.

A server that sends a result of many megabytes keeps that loop busy with parsing, and not the one that
gives the face its frames (``python -m benchmarks.tool_servers`` tells what is left of it).
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.language_model import Tool
from agents.tools.configuration import McpServerConfig
from agents.tools.outcome import Outcome, ToolError, ToolFailure

if TYPE_CHECKING:
    from agents.tools.mcp_server import McpServer

log = logging.getLogger(__name__)

CLOSE_SECONDS = 10.0  # for the servers' programs to end
LOOK_SECONDS = 0.05  # between two looks at whether the servers have been tried


class McpServers:
    """A ``ToolSource`` of every configured server; ``start`` connects to all of them in the background.

    Raises ``ToolError`` when the environment variable with a server's token isn't set.
    """

    def __init__(self, configs: Mapping[str, McpServerConfig]) -> None:
        self._configs = dict(configs)
        self._tokens = {name: _token(name, config) for name, config in configs.items()}
        self._servers: dict[str, McpServer] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: asyncio.Task[None] | None = None
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to connect; returns at once. Nothing happens where no server is configured."""
        if self._configs and self._thread is None:
            self._thread = threading.Thread(target=self._work, name="tool servers", daemon=True)
            self._thread.start()
            atexit.register(self.close)  # no program of ours outlives this one

    def close(self) -> None:
        """End the connections and the servers' programs; takes at most ``CLOSE_SECONDS``."""
        thread, loop, running = self._thread, self._loop, self._running
        if thread is None:
            return
        atexit.unregister(self.close)
        if loop is not None and running is not None and not loop.is_closed():
            try:
                loop.call_soon_threadsafe(running.cancel)
            except RuntimeError:
                log.debug("the tool servers' loop closed by itself")
        thread.join(CLOSE_SECONDS)
        if thread.is_alive():
            log.warning("the tool servers did not end within %g s", CLOSE_SECONDS)

    async def tried(self, within: float) -> bool:
        """Wait until every server has been tried once; False if that takes over ``within`` seconds."""
        try:
            async with asyncio.timeout(within):
                while not self._all_tried():  # noqa: ASYNC110 -- they are on another loop
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            return False
        return True

    def _all_tried(self) -> bool:
        return self._ready.is_set() and all(server.tried.is_set() for server in self._servers.values())

    def tools(self) -> Sequence[Tool]:
        """What the servers that are there offer now."""
        return tuple(tool for server in self._servers.values() for tool in server.tools)

    def why_missing(self, name: str) -> str | None:
        """The cause, for a tool of a server that isn't there."""
        server_name = name.partition("__")[0]
        if server_name not in self._configs:
            return None
        server = self._servers.get(server_name)
        if server is None:
            return f"the tool server {server_name} is not there: it is still being connected"
        return server.missing()

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """The text of the server's result; raises ``ToolFailure``. Cancelling it cancels the request."""
        server, loop = self._servers.get(name.partition("__")[0]), self._loop
        if server is None or loop is None or loop.is_closed():
            raise ToolFailure(Outcome.UNAVAILABLE, self.why_missing(name) or f"no server has {name}")
        calling = asyncio.run_coroutine_threadsafe(server.call(name, arguments), loop)
        return await asyncio.wrap_future(calling)

    def _work(self) -> None:
        try:
            asyncio.run(self._run())
        except asyncio.CancelledError:
            log.debug("the tool servers were closed")

    async def _run(self) -> None:
        # Only here, since the library takes seconds to import: beside the program's start, not before it.
        from agents.tools.mcp_server import McpServer

        self._loop, self._running = asyncio.get_running_loop(), asyncio.current_task()
        self._servers = {
            name: McpServer(name, config, self._tokens[name]) for name, config in self._configs.items()
        }
        self._ready.set()
        async with asyncio.TaskGroup() as group:
            for server in self._servers.values():
                group.create_task(server.run())


def _token(name: str, config: McpServerConfig) -> str | None:
    if config.token_env is None:
        return None
    token = os.environ.get(config.token_env, "")
    if not token:
        raise ToolError(
            f"the tool server {name}: the environment variable {config.token_env} is not set; export it with "
            "the server's token, or leave `token_env` out for an open server"
        )
    return token
