"""How late the metronome's ticks get while an MCP server floods or sends large results.

    python -m benchmarks.tool_servers [--megabytes 20]

Ticks of 40 ms on one event loop; the server is talked to from a thread of its own, as in the gateway, or
from the same loop, to compare.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np

from agents.tools.configuration import McpServerConfig
from agents.tools.mcp_server import McpServer
from agents.tools.mcp_servers import McpServers
from agents.tools.outcome import ToolFailure

TICK = 0.04  # seconds
SERVER = """
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    def answer(**outcome):
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], **outcome}), flush=True)
    match request.get("method"):
        case "initialize":
            answer(result={"protocolVersion": request["params"]["protocolVersion"],
                           "serverInfo": {"name": "s", "version": "1"}, "capabilities": {"tools": {}}})
        case "tools/list":
            schema = {"type": "object", "properties": {}}
            answer(result={"tools": [{"name": name, "inputSchema": schema} for name in ("large", "flood")]})
        case "tools/call":
            if request["params"]["name"] == "flood":
                while True:
                    print('{"jsonrpc":"2.0","method":"notifications/message",'
                          '"params":{"level":"info","data":"noise"}}')
            answer(result={"content": [{"type": "text", "text": "x" * SIZE}]})
        case _ if "id" in request:
            answer(error={"code": -32601, "message": "no such method"})
"""

Call = Callable[[str], Awaitable[str]]


async def ticks(lateness: list[float]) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        due += TICK
        await asyncio.sleep(max(0.0, due - loop.time()))
        lateness.append(loop.time() - due)


async def measured(name: str, work: Awaitable[None]) -> None:
    """Print how late the ticks were while ``work`` ran."""
    lateness: list[float] = []
    ticking = asyncio.create_task(ticks(lateness))
    await work
    ticking.cancel()
    p50, p95, worst = 1000 * np.percentile(lateness, [50, 95, 100])
    print(f"{name:34} {len(lateness):5} ticks, late by {p50:6.1f} ms (p95 {p95:6.1f}, worst {worst:7.1f})")


async def large(call: Call, times: int = 5) -> None:
    for _ in range(times):
        await call("s__large")


async def flood(call: Call) -> None:
    """Until the server is cut off, or for five seconds where it is allowed to go on."""
    try:
        async with asyncio.timeout(5):
            await call("s__flood")
    except (ToolFailure, TimeoutError):
        return


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--megabytes", type=int, default=20, help="size of a large result")
    megabytes = options.parse_args().megabytes
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "server.py"
        program.write_text(SERVER.replace("SIZE", str(megabytes * 1_000_000)), encoding="utf-8")
        config = McpServerConfig(
            command=(sys.executable, str(program)), connect_timeout_s=60, messages_per_s=100_000
        )
        await measured("nothing else", asyncio.sleep(3))

        servers = McpServers({"s": config})
        servers.start()
        await servers.tried(60)
        await measured(f"own thread, results of {megabytes} MB", large(lambda name: servers.call(name, {})))
        await measured("own thread, flood", flood(lambda name: servers.call(name, {})))
        await asyncio.to_thread(servers.close)

        server = McpServer("s", config, None)
        running = asyncio.create_task(server.run())
        await server.tried.wait()
        await measured(f"same loop, results of {megabytes} MB", large(lambda name: server.call(name, {})))
        await measured("same loop, flood", flood(lambda name: server.call(name, {})))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main())
