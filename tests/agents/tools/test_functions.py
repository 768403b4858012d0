"""Python functions as tools."""

from __future__ import annotations

import asyncio
import threading
from typing import Annotated, Literal

import pytest
from pydantic import Field

from agents.tools.configuration import FunctionConfig
from agents.tools.functions import Functions
from agents.tools.outcome import Outcome, ToolError, ToolFailure
from agents.tools.threads import Threads


def weather(
    city: Annotated[str, Field(description="where")], unit: Literal["C", "F"] = "C"
) -> dict[str, object]:
    """The weather in a city."""
    return {"city": city, "unit": unit}


async def opening_hours(day: str) -> str:
    return f"On {day} from nine to five."


def of(*functions, threads: Threads | None = None) -> Functions:
    source = Functions(threads)
    for function in functions:
        source.add(function)
    return source


def test_the_signature_is_the_schema_and_the_docstring_the_description():
    (tool,) = of(weather).tools()
    assert (tool.name, tool.description) == ("weather", "The weather in a city.")
    assert tool.parameters["required"] == ["city"]
    assert tool.parameters["properties"]["city"]["description"] == "where"
    assert tool.parameters["properties"]["unit"]["enum"] == ["C", "F"]


async def test_a_blocking_function_runs_beside_the_loop_and_its_value_becomes_json():
    def where() -> dict[str, bool]:
        return {"main": threading.current_thread() is threading.main_thread()}

    assert await of(where).call("where", {}) == '{"main":false}'


async def test_text_is_passed_on_as_it_is():
    assert await of(opening_hours).call("opening_hours", {"day": "Monday"}) == "On Monday from nine to five."


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param({}, "city: Missing required argument", id="one is missing"),
        pytest.param(
            {"city": "Rome", "unit": "K"}, "unit: Input should be 'C' or 'F'", id="one is not allowed"
        ),
        pytest.param({"city": "Rome", "street": 1}, "street: Unexpected", id="one is not known"),
        pytest.param({"city": ["Rome"]}, "city: Input should be a valid string", id="one has another type"),
    ],
)
async def test_arguments_that_do_not_fit_are_named(arguments, says):
    with pytest.raises(ToolFailure, match=says) as failed:
        await of(weather).call("weather", arguments)
    assert failed.value.outcome is Outcome.BAD_ARGUMENTS


async def test_a_function_that_hangs_blocks_neither_the_others_nor_the_end_of_the_program():
    release = threading.Event()
    threads = Threads(limit=2)
    source = Functions(threads)
    source.add(lambda: str(release.wait(20)), "hangs")
    source.add(lambda: "here", "answers")
    hanging = asyncio.create_task(source.call("hangs", {}))
    await asyncio.sleep(0.02)
    assert await source.call("answers", {}) == "here"
    hanging.cancel()
    again = asyncio.create_task(source.call("hangs", {}))
    await asyncio.sleep(0.02)
    with pytest.raises(ToolFailure, match="2 calls are still running") as refused:
        await source.call("answers", {})
    assert refused.value.outcome is Outcome.UNAVAILABLE
    release.set()
    assert await again == "True"
    assert all(thread.daemon for thread in threading.enumerate() if thread.name.startswith("tool "))


@pytest.mark.parametrize(
    ("path", "says"),
    [
        pytest.param("no_such_module:f", "can't be imported: ModuleNotFoundError", id="no such module"),
        pytest.param("json:no_such_function", "can't be imported: AttributeError", id="no such function"),
        pytest.param("string:digits", "is str, not a function", id="something else"),
    ],
)
def test_what_a_configuration_names_wrongly_is_said_at_the_start(path, says):
    with pytest.raises(ToolError, match=says):
        Functions.load([FunctionConfig(function=path)])


def test_a_function_whose_types_no_model_can_write_is_refused():
    def odd(thread: threading.Thread) -> str:
        return ""

    with pytest.raises(ToolError, match="'odd' can't be described to a model"):
        of(odd)


def test_two_tools_of_one_name_are_refused_and_another_name_helps():
    with pytest.raises(ToolError, match="two tools are called 'weather'"):
        of(weather, weather)
    source = of(weather)
    source.add(weather, "forecast", "What tomorrow brings.")
    assert [tool.description for tool in source.tools()] == [
        "The weather in a city.",
        "What tomorrow brings.",
    ]
