"""Tools in a conversation, on virtual time: bridges, rounds, limits, interruptions."""

from __future__ import annotations

import asyncio

import pytest

from agents.language_model import ToolCall
from agents.tools.functions import Functions
from agents.tools.runner import ToolLimits, ToolRunner
from agents.turn_taking.interruption import Judged
from orchestration.session.events import EventType
from orchestration.session.observer import ReplyRequest
from orchestration.session.tool_loop import ToolLoop, ToolOptions
from orchestration.simulation.scripted import spoken

QUESTION = spoken(0, 0.8)
WEATHER = ToolCall("c1", "weather", '{"city": "Oslo"}')


class Agent:
    """A model that calls ``calls`` once and then says what the results were, and its tools."""

    def __init__(self, *calls: ToolCall, takes: float = 0.1, always: bool = False, before: str = "") -> None:
        self.calls = calls
        self.takes = takes  # seconds that the weather takes the first time
        self.always = always  # calls again and again, and never answers
        self.before = before  # said before the calls
        self.made: list[str] = []
        self.cancelled: list[str] = []
        self.options: dict[str, object] = {}
        self.timeout = 5.0
        self.interjection = 0.8  # seconds that the user's later words last

    async def weather(self, city: str) -> str:
        self.made.append(city)
        try:
            await asyncio.sleep(self.takes if len(self.made) == 1 else 0.1)
        except asyncio.CancelledError:
            self.cancelled.append(city)
            raise
        return f"rain in {city}"

    async def breaks(self) -> str:
        raise OSError("no network")

    def attach(self, session) -> None:
        functions = Functions()
        functions.add(self.weather, "weather")
        functions.add(self.breaks, "breaks")
        runner = ToolRunner([functions], ["*"], ToolLimits(self.timeout), session.timeline.now)
        options = ToolOptions(**{"bridges": ("One moment.",), **self.options})
        loop = ToolLoop(runner, options, session.timeline)
        session.conversation.request = ReplyRequest(loop=loop)

    def adjust(self, engines) -> None:
        def call(messages, tools):
            if tools.choice == "none" and not self.always:
                return ()
            last_user = max(n for n, message in enumerate(messages) if message.role == "user")
            answered = any(message.role == "tool" for message in messages[last_user:])
            return self.calls if self.always or not answered else ()

        engines.language_model.call = call

    def reply(self, messages) -> str:
        if self.always or messages[-1].role != "tool":
            return self.before
        results = [message.content for message in messages if message.role == "tool"]
        return f"It says {results[-1].rstrip('.')}."

    def script(self, *waits: float):
        """Ask once, and then say something else after each of ``waits`` seconds."""

        async def act(client, session):
            self.attach(session)
            client.say(QUESTION)
            for number, wait in enumerate(waits, start=1):
                await asyncio.sleep(wait)
                client.say(spoken(number, self.interjection))

        return act


def talk(hold, agent: Agent, *waits: float, seconds: float = 14.0, **how):
    held = hold(agent.script(*waits), seconds=seconds, adjust=agent.adjust, reply=agent.reply, **how)
    assert held.counts()["internal_error"] == 0
    return held


def results(held) -> list[str]:
    return [event.data["outcome"] for event in held.of(EventType.TOOL_RESULT)]


def test_a_quick_call_is_answered_without_a_bridge(hold):
    agent = Agent(WEATHER)
    held = talk(hold, agent)
    assert held.texts(EventType.HEARD) == ["It says rain in Oslo."]
    (called,) = held.of(EventType.TOOL_CALLED)
    assert called.data == {"call_id": "c1", "name": "weather", "arguments": '{"city": "Oslo"}'}
    assert results(held) == ["ok"]
    assert len(held.of(EventType.FIRST_TOKEN)) == 1


def test_a_slow_call_is_bridged_and_both_are_heard_and_remembered_as_one_reply(hold):
    agent = Agent(WEATHER, takes=3.0)
    held = talk(hold, agent)
    bridge, answer = held.of(EventType.REPLY_TEXT)
    called = held.of(EventType.TOOL_CALLED)[0]
    assert bridge.data["text"] == "One moment."
    assert bridge.t - called.t == pytest.approx(1.0, abs=0.05)
    assert answer.data["text"] == "It says rain in Oslo."
    assert held.texts(EventType.HEARD) == ["One moment. It says rain in Oslo."]
    assert held.counts()["playout_underrun"] == 0, "it waits on purpose"
    assert [turn.text for turn in held.dialogue.transcript()] == [
        "first",
        "One moment. It says rain in Oslo.",
    ]


def test_who_says_that_it_will_look_needs_no_bridge(hold):
    held = talk(hold, Agent(WEATHER, takes=3.0, before="Let me look."))
    assert held.texts(EventType.HEARD) == ["Let me look. It says rain in Oslo."]


def test_the_model_sees_its_call_and_the_result_and_the_next_turn_still_knows_them(hold):
    agent = Agent(WEATHER)
    held = talk(hold, agent, 5.0)
    second, third = held.engines.language_model.asked[-2:]
    assert [message.role for message in second] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]
    assert second[2].calls == (WEATHER,)
    assert second[3].content == "rain in Oslo"
    assert third[-2].calls == (WEATHER,), "it called again, for the new question"
    assert len(agent.made) == 2


@pytest.mark.parametrize(
    ("call", "outcome", "says"),
    [
        pytest.param(ToolCall("c", "weather", '{"city'), "malformed_arguments", "not JSON", id="broken JSON"),
        pytest.param(ToolCall("c", "wether", "{}"), "unknown_tool", "no tool called", id="an unknown tool"),
        pytest.param(ToolCall("c", "weather", "{}"), "bad_arguments", "Missing", id="wrong arguments"),
        pytest.param(ToolCall("c", "breaks", "{}"), "raised", "no network", id="a tool that raises"),
    ],
)
def test_a_call_that_fails_is_counted_and_the_agent_can_say_why(hold, call, outcome, says):
    held = talk(hold, Agent(call))
    assert results(held) == [outcome]
    assert held.counts()["tool_failed"] == 1
    (heard,) = held.texts(EventType.HEARD)
    assert says in heard


def test_a_tool_that_hangs_is_given_up_and_the_conversation_goes_on(hold):
    agent = Agent(WEATHER, takes=3600.0)
    agent.timeout = 2.0
    held = talk(hold, agent)
    assert results(held) == ["timeout"]
    assert agent.cancelled == ["Oslo"]
    assert held.texts(EventType.HEARD)[0].startswith("One moment. It says Error: weather gave no answer")


def test_a_draft_calls_nothing_before_the_turn_is_over(hold):
    agent = Agent(WEATHER)
    held = talk(hold, agent)
    assert held.of(EventType.TOOL_CALLED)[0].t >= held.of(EventType.TURN_ENDED)[0].t

    async def goes_on(client, session):
        agent.attach(session)
        client.say(QUESTION)
        await asyncio.sleep(0.8 + 0.44)  # there is a draft by now, and no decision
        client.say(spoken(1, 0.8))

    agent.made.clear()
    hold(goes_on, seconds=10, adjust=agent.adjust, reply=agent.reply)
    assert agent.made == ["Oslo"], "only the reply to the whole turn has called"


def test_an_interruption_cancels_the_call_and_later_replies_know_that_it_was_made(hold):
    agent = Agent(WEATHER, takes=6.0)
    held = talk(hold, agent, 3.4, seconds=20.0)
    assert agent.cancelled == ["Oslo"]
    assert results(held)[0] == "cancelled"
    assert "One moment." in held.texts(EventType.HEARD)[0]
    seen = [message.content for message in held.engines.language_model.asked[1] if message.role == "tool"]
    assert seen
    assert seen[0].startswith("Cancelled: the user went on")
    old = held.of(EventType.INTERRUPTED)[0].generation
    assert not [event for event in held.of(EventType.TOOL_CALLED) if event.generation > old + 2]


@pytest.mark.parametrize(
    "at", [3.2, 4.2], ids=["while the bridge is spoken", "in the silence after the bridge"]
)
def test_a_listeners_yeah_neither_cancels_the_call_nor_loses_the_answer(hold, at):
    agent = Agent(WEATHER, takes=4.0)
    agent.interjection = 0.48
    judged = {"interruption": Judged(later=0.32)}
    held = talk(hold, agent, at, utterances=("first", "yeah"), conversation=judged)
    assert agent.cancelled == []
    assert results(held) == ["ok"]
    assert held.texts(EventType.HEARD)[0] == "One moment. It says rain in Oslo."


@pytest.mark.parametrize(
    ("failures", "heard"),
    [
        pytest.param(1, "One moment. It says rain in Oslo.", id="once, which the next try makes good"),
        pytest.param(2, "One moment. I am sorry", id="for good, which is apologised for"),
    ],
)
def test_a_model_that_fails_after_its_call_is_asked_again_and_the_tool_is_not(hold, failures, heard):
    agent = Agent(WEATHER, takes=2.0)

    def adjust(engines):
        agent.adjust(engines)
        once = engines.language_model.call

        def call(messages, tools):
            if calls := once(messages, tools):
                engines.language_model.failures.left = failures
            return calls

        engines.language_model.call = call

    held = hold(agent.script(), seconds=14.0, adjust=adjust, reply=agent.reply)
    assert agent.made == ["Oslo"]
    assert held.texts(EventType.HEARD) == [heard]


def test_a_model_that_calls_without_end_is_stopped_after_its_rounds_and_apologised_for(hold):
    agent = Agent(WEATHER, always=True)
    agent.options = {"max_rounds": 2}
    held = talk(hold, agent)
    assert len(agent.made) == 2
    offered = [tools.choice for tools in held.engines.language_model.offered]
    assert offered == ["auto", "auto", "none"]
    assert held.texts(EventType.HEARD) == ["I am sorry"]


def test_many_calls_at_once_are_made_together_and_the_rest_is_refused(hold):
    calls = [ToolCall(f"c{n}", "weather", '{"city": "Oslo"}') for n in range(10)]
    held = talk(hold, Agent(*calls, takes=0.5))
    assert results(held).count("ok") == 8
    assert results(held).count("limit") == 2


def test_a_session_that_has_used_its_calls_answers_without(hold):
    agent = Agent(WEATHER)
    agent.options = {"max_calls": 1}
    held = talk(hold, agent, 5.0)
    assert len(agent.made) == 1
    assert held.engines.language_model.offered[-1].choice == "none"
