"""MCP servers as tools, on real servers: small programs on stdio, and one over HTTP."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from mcp.server.mcpserver import MCPServer

from agents.language_model import ToolCall
from agents.tools.configuration import McpServerConfig
from agents.tools.mcp_servers import McpServers
from agents.tools.outcome import Outcome, ToolError, ToolResult
from agents.tools.runner import ToolLimits, ToolRunner

SERVERS = Path(__file__).parent / "servers"
PATIENCE = 60.0  # seconds, of the test, on a machine that is busy


def served_by(name: str, **options) -> McpServerConfig:
    command = (sys.executable, str(SERVERS / f"{name}.py"))
    return McpServerConfig(command=command, connect_timeout_s=PATIENCE, retry_after_s=0.05, **options)


@asynccontextmanager
async def connected(**configs: McpServerConfig) -> AsyncIterator[McpServers]:
    servers = McpServers(configs)
    servers.start()
    try:
        assert await servers.tried(PATIENCE)
        yield servers
    finally:
        await asyncio.to_thread(servers.close)


async def run(servers: McpServers, name: str, arguments: str = "{}", within: float = PATIENCE) -> ToolResult:
    limits = ToolLimits(timeout=within, result_characters=400)
    runner = ToolRunner([servers], ["*"], limits, asyncio.get_running_loop().time)
    return await runner.run(ToolCall("c", name, arguments))


async def back_again(servers: McpServers, name: str) -> bool:
    async with asyncio.timeout(PATIENCE):
        while not any(tool.name == name for tool in servers.tools()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return True


async def test_a_server_on_stdio_serves_its_tools():
    async with connected(sums=served_by("calculator")) as servers:
        (tool, _) = servers.tools()
        assert (tool.name, tool.description) == ("sums__add", "Add two numbers.")
        assert tool.parameters["required"] == ["a", "b"]

        result = await run(servers, "sums__add", '{"a": 2, "b": 3}')
        assert (result.outcome, result.text) == (Outcome.OK, "5")

        result = await run(servers, "sums__add", '{"a": "two"}')
        assert result.outcome is Outcome.RAISED
        assert "valid integer" in result.text

        result = await run(servers, "sums__hang", within=0.1)
        assert result.outcome is Outcome.TIMEOUT
        assert (await run(servers, "sums__add", '{"a": 1, "b": 1}')).text == "2", "and the next call works"


async def test_a_server_that_dies_in_the_middle_of_a_call_is_said_to_and_comes_back():
    async with connected(odd=served_by("unruly")) as servers:
        result = await run(servers, "odd__die")
        assert result.outcome is Outcome.UNAVAILABLE
        assert "the server odd broke off the call: it closed the connection" in result.text
        assert (await run(servers, "odd__fine")).outcome in (Outcome.UNAVAILABLE, Outcome.OK)
        assert await back_again(servers, "odd__fine")
        assert (await run(servers, "odd__fine")).text == "fine"


async def test_a_server_that_floods_is_cut_off_and_tried_again():
    async with connected(odd=served_by("unruly", messages_per_s=50)) as servers:
        result = await run(servers, "odd__flood")
        assert result.outcome is Outcome.UNAVAILABLE
        assert "broke off the call: it sent more than 100 messages in 2 s" in result.text
        assert await back_again(servers, "odd__fine")


async def test_a_megabyte_and_gibberish_on_the_line_harm_nobody():
    async with connected(odd=served_by("unruly")) as servers:
        result = await run(servers, "odd__megabyte")
        assert (result.outcome, result.characters, len(result.text)) == (Outcome.OK, 1_048_576, 400)
        assert (await run(servers, "odd__gibberish")).text == "after gibberish"


async def test_tools_that_a_server_gets_later_are_offered_too():
    async with connected(odd=served_by("unruly")) as servers:
        assert (await run(servers, "odd__grow")).text == "grown"
        assert await back_again(servers, "odd__new")
        assert (await run(servers, "odd__new")).text == "fine"


async def test_of_a_list_without_end_only_so_many_tools_are_taken(caplog):
    async with connected(odd=served_by("unruly", max_tools=3)) as servers:
        assert [tool.name for tool in servers.tools()] == ["odd__fine", "odd__die", "odd__megabyte"]
    assert caplog.text.count("odd has tools without end; the first 3 count") == 1


@pytest.mark.parametrize(
    ("config", "says"),
    [
        pytest.param({"command": ("no-such-program-here",)}, "No such file", id="no such program"),
        pytest.param({"command": (sys.executable, "-c", "pass")}, "", id="a program that ends at once"),
        pytest.param(
            {"command": (sys.executable, "-c", "import time; time.sleep(60)"), "connect_timeout_s": 0.3},
            "no answer within 0.3 s",
            id="a program that says nothing",
        ),
        pytest.param({"url": "http://127.0.0.1:9/mcp"}, "", id="an address where nobody listens"),
    ],
)
async def test_a_server_that_is_not_there_is_said_to_be_missing_and_hinders_nobody(config, says):
    async with connected(gone=McpServerConfig(**{"connect_timeout_s": PATIENCE, **config})) as servers:
        assert servers.tools() == ()
        result = await run(servers, "gone__add")
        assert result.outcome is Outcome.UNAVAILABLE
        assert "the tool server gone is not there: " in result.text
        assert says in result.text
        assert (await run(servers, "nobody__add")).outcome is Outcome.UNKNOWN


async def test_a_server_over_http_is_called_with_its_token(monkeypatch):
    monkeypatch.setenv("CLOCK_TOKEN", "s3cret")
    server = MCPServer("clock")
    seen: list[str] = []

    @server.tool()
    def noon(city: str) -> str:
        return f"Noon in {city} is at twelve."

    app = server.streamable_http_app()

    async def noting(scope, receive, send):
        seen.extend(value.decode() for key, value in scope.get("headers", ()) if key == b"authorization")
        await app(scope, receive, send)

    web = uvicorn.Server(uvicorn.Config(noting, port=0, log_level="warning", lifespan="on"))
    running = asyncio.create_task(web.serve())
    while not web.started:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    port = web.servers[0].sockets[0].getsockname()[1]
    config = McpServerConfig(
        url=f"http://127.0.0.1:{port}/mcp", token_env="CLOCK_TOKEN", connect_timeout_s=PATIENCE
    )
    try:
        async with connected(clock=config) as servers:
            result = await run(servers, "clock__noon", '{"city": "Oslo"}')
            assert (result.outcome, result.text) == (Outcome.OK, "Noon in Oslo is at twelve.")
        assert set(seen) == {"Bearer s3cret"}
    finally:
        web.should_exit = True
        await running


def test_a_token_that_is_not_set_is_said_at_the_start():
    assert "NO_SUCH_TOKEN" not in os.environ
    config = McpServerConfig(url="http://localhost/mcp", token_env="NO_SUCH_TOKEN")
    with pytest.raises(ToolError, match="variable NO_SUCH_TOKEN is not set; export it"):
        McpServers({"calendar": config})
