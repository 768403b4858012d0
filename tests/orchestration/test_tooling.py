"""The tools of a configuration: what is refused at the start, what is only said, and what sessions get."""

from __future__ import annotations

import pytest

from agents.tools.configuration import FunctionConfig, McpServerConfig
from agents.tools.outcome import ToolError
from orchestration.clock import LoopClock
from orchestration.configuration import load_configuration
from orchestration.configuration.tools import ToolsConfig
from orchestration.doctor.check import State
from orchestration.doctor.tools import check_tools
from orchestration.gateway.host import SessionHost
from orchestration.protocol import Hello
from orchestration.session.observer import PLAIN
from orchestration.simulation.client import SimulatedClient
from orchestration.simulation.scripted import scripted_engines
from orchestration.virtual_time import run_in_virtual_time
from tests.orchestration.served import configured

TIME = FunctionConfig(function="agents.tools.clock:time_now")


def host_with(tools: ToolsConfig, allowed: tuple[str, ...]) -> SessionHost:
    configuration = configured(tools=tools)
    persona = configuration.persona.model_copy(update={"tools": allowed})
    others = configuration.personas[1:]
    configuration = configuration.model_copy(update={"persona": persona, "personas": others})
    return SessionHost(configuration, scripted_engines([], lambda messages: "yes"), LoopClock())


def offered(host: SessionHost, **hello: object) -> list[str] | None:
    """The tools that a session may call; None if its replies are plain."""
    session, _ = host.open(Hello(**hello), SimulatedClient(LoopClock()))
    request = session.conversation.request
    if request == PLAIN:
        return None
    toolbox = request.loop.toolbox(0)
    return [] if toolbox is None else [tool.name for tool in toolbox.tools]


def test_a_session_is_offered_what_its_persona_may_call_and_nothing_else():
    async def main():
        tools = ToolsConfig(functions=(TIME, TIME.model_copy(update={"name": "secret"})))
        host = host_with(tools, ("time_*", "hand_off"))
        return offered(host), offered(host, persona="noor")

    assert run_in_virtual_time(main()) == (["time_now", "hand_off"], None)


def test_the_example_configuration_offers_the_time_and_a_colleague():
    async def main():
        configuration = load_configuration("tools", models=False)
        host = SessionHost(configuration, scripted_engines([], lambda messages: "yes"), LoopClock())
        return offered(host)

    assert run_in_virtual_time(main()) == ["time_now", "hand_off"]


def test_a_function_that_is_not_there_is_said_before_anybody_is_served():
    async def main():
        host_with(ToolsConfig(functions=(FunctionConfig(function="no_such:thing"),)), ())

    with pytest.raises(ToolError, match="'no_such:thing' can't be imported: ModuleNotFoundError"):
        run_in_virtual_time(main())


def test_an_allow_list_that_names_nothing_is_said_in_the_log(caplog):
    async def main():
        host_with(ToolsConfig(functions=(TIME,)), ("time_nwo",))

    run_in_virtual_time(main())
    assert "Mira may call 'time_nwo', which no tool here is called" in caplog.text


@pytest.mark.parametrize(
    ("tools", "says"),
    [
        pytest.param(
            {"functions": [{"function": "no colon"}]}, "match pattern", id="a function without a module"
        ),
        pytest.param(
            {"mcp_servers": {"x": {}}}, "give `command` .* or `url`", id="a server without a way to it"
        ),
        pytest.param(
            {"mcp_servers": {"x": {"command": ["a"], "url": "http://a"}}},
            "not both",
            id="a server with two ways",
        ),
        pytest.param({"mcp_servers": {"a b": {"command": ["a"]}}}, "match pattern", id="a server's name"),
        pytest.param(
            {"mcp_servers": {"x": {"command": ["a"], "token_env": "T"}}},
            "goes with `url`",
            id="a token for a program",
        ),
        pytest.param({"result_characters": 5}, "greater than or equal to 80", id="a result of nothing"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_reason(tools, says):
    with pytest.raises(ValueError, match=says):
        ToolsConfig.model_validate(tools)


def test_the_doctor_looks_at_functions_programs_and_tokens(monkeypatch):
    monkeypatch.delenv("ROOMS_TOKEN", raising=False)
    tools = ToolsConfig(
        functions=(TIME, FunctionConfig(function="no_such:thing")),
        mcp_servers={
            "gone": McpServerConfig(command=("no-such-program",)),
            "rooms": McpServerConfig(url="https://rooms.example.org/mcp", token_env="ROOMS_TOKEN"),
            "open": McpServerConfig(url="https://open.example.org/mcp"),
        },
    )
    found = [(check.subject, check.state) for check in check_tools(tools)]
    assert found == [
        ("tool agents.tools.clock:time_now", State.OK),
        ("tool no_such:thing", State.FAILED),
        ("tool server gone", State.WARNING),
        ("tool server rooms", State.FAILED),
        ("tool server open", State.OK),
    ]
    assert all(check.fix for check in check_tools(tools) if check.state is not State.OK)
