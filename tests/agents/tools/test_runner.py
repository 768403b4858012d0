"""Whatever a model asks for and whatever a tool does, there is a result that names the cause."""

from __future__ import annotations

import asyncio
import json

import pytest

from agents.language_model import ToolCall
from agents.tools.functions import Functions
from agents.tools.outcome import Outcome, ToolResult
from agents.tools.runner import ToolLimits, ToolRunner


async def greet(name: str) -> str:
    return f"Hello {name}"


async def hangs() -> str:
    await asyncio.sleep(3600)
    return "never"


async def never_gives_up() -> str:
    for _ in range(20):
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            continue
    return "too late"


async def raises() -> str:
    raise KeyError("no such table")


async def cancels_itself() -> str:
    raise asyncio.CancelledError


def a_megabyte() -> str:
    return "x" * 1_048_576


async def secret() -> str:
    return "hidden"


async def run(name: str, arguments: str = "{}", **limits) -> ToolResult:
    functions = Functions()
    for function in (greet, hangs, never_gives_up, raises, cancels_itself, a_megabyte, secret):
        functions.add(function)
    allowed = ("greet", "hangs", "n*", "raises", "cancels_itself", "a_megabyte")
    loop = asyncio.get_running_loop()
    runner = ToolRunner([functions], allowed, ToolLimits(**{"timeout": 0.05, **limits}), loop.time)
    return await runner.run(ToolCall("c1", name, arguments))


@pytest.mark.parametrize(
    ("name", "arguments", "outcome", "says"),
    [
        pytest.param("greet", '{"name": "Ada"}', Outcome.OK, "Hello Ada", id="a good call"),
        pytest.param(
            "greet", '{"name": "A', Outcome.MALFORMED, 'are not JSON: \'{"name": "A\'', id="broken JSON"
        ),
        pytest.param("greet", '["Ada"]', Outcome.MALFORMED, "must be a JSON object, not list", id="a list"),
        pytest.param("greet", "[" * 100_000, Outcome.MALFORMED, "are not JSON", id="JSON nested without end"),
        pytest.param("greet", "{}", Outcome.BAD_ARGUMENTS, "name: Missing", id="a missing argument"),
        pytest.param(
            "grete", "{}", Outcome.UNKNOWN, "no tool called 'grete'; tools: greet", id="unknown tool"
        ),
        pytest.param("", "", Outcome.UNKNOWN, "no tool called ''", id="no name at all"),
        pytest.param("secret", "{}", Outcome.NOT_ALLOWED, "secret may not be called", id="not allowed"),
        pytest.param("hangs", "{}", Outcome.TIMEOUT, "no answer within 0.05 s", id="a tool that hangs"),
        pytest.param("never_gives_up", "{}", Outcome.TIMEOUT, "no answer", id="one that can't be cancelled"),
        pytest.param("raises", "{}", Outcome.RAISED, "KeyError: 'no such table'", id="a tool that raises"),
        pytest.param(
            "cancels_itself", "{}", Outcome.RAISED, "cancelled by itself", id="one that cancels itself"
        ),
    ],
)
async def test_every_call_has_a_result(name, arguments, outcome, says):
    result = await run(name, arguments)
    assert (result.call_id, result.name, result.outcome) == ("c1", name, outcome)
    assert says in result.text
    assert result.text.startswith("Error: ") == (outcome is not Outcome.OK)
    assert result.message().role == "tool"


async def test_a_megabyte_is_cut_and_the_model_is_told_so(caplog):
    result = await run("a_megabyte", timeout=5, result_characters=500)
    assert len(result.text) == 500
    assert result.cut
    assert result.text.endswith("[cut: the first of 1048576 characters]")
    assert "has 1048576 characters, the model reads 500" in caplog.text


async def test_cancelling_a_run_cancels_the_tool():
    ended: list[str] = []

    async def waits() -> str:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("cancelled")
        return ""

    functions = Functions()
    functions.add(waits)
    runner = ToolRunner([functions], ["*"], ToolLimits(), asyncio.get_running_loop().time)
    running = asyncio.create_task(runner.run(ToolCall("c", "waits", "{}")))
    await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await asyncio.sleep(0)
    assert ended == ["cancelled"]


async def test_only_what_is_allowed_is_offered():
    functions = Functions()
    functions.add(greet)
    functions.add(secret)
    runner = ToolRunner([functions], ["gr*"], ToolLimits(), asyncio.get_running_loop().time)
    assert [tool.name for tool in runner.offered()] == ["greet"]
    assert json.dumps(dict(runner.offered()[0].parameters)), "a server can be told of it"
