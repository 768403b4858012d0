"""Replies that are asked for, turns that are handed over whole, and corrections of what was heard."""

from __future__ import annotations

import asyncio

import pytest

from agents.language_model import Tool, Toolbox, ToolCall
from orchestration.session.events import EventType
from orchestration.session.floor import Floor
from orchestration.session.observer import ReplyRequest
from orchestration.simulation.scripted import Failures, spoken

REQUEST = ReplyRequest()


def turns(held):
    return [(turn.role, turn.text) for turn in held.dialogue.transcript()]


def test_nothing_is_answered_until_it_is_asked_for(hold):
    async def script(client, session):
        await asyncio.sleep(1)
        client.say(spoken(0, 0.8))
        await asyncio.sleep(4)
        assert session.floor is Floor.NOBODY
        session.conversation.answer(REQUEST)

    held = hold(script, seconds=12, conversation={"answer_turns": False, "draft": False})
    assert turns(held) == [("user", "first"), ("assistant", "You said first.")]
    assert len(held.engines.language_model.asked) == 1


def test_a_reply_that_is_asked_for_waits_for_the_words_of_the_turn_before(hold):
    async def script(client, session):
        await asyncio.sleep(1)
        session.conversation.take_in(spoken(1, 1.0))
        session.conversation.take_in(spoken(2, 1.0))
        session.conversation.answer(REQUEST)

    held = hold(script, seconds=8)
    assert turns(held) == [("user", "second"), ("user", "third"), ("assistant", "You said second third.")]


def test_a_spoken_turn_that_is_being_understood_is_not_lost_to_an_early_request(hold):
    async def script(client, session):
        await asyncio.sleep(1)
        client.say(spoken(0, 0.8))
        while not session.conversation.understanding:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        session.conversation.answer(REQUEST)

    held = hold(
        script,
        seconds=10,
        conversation={"answer_turns": False, "draft": False},
        adjust=lambda engines: setattr(engines.recognizer, "delay", 1.0),
    )
    assert turns(held)[0] == ("user", "first")
    assert held.texts(EventType.HEARD) == ["You said first."]


def test_the_user_who_goes_on_takes_back_a_reply_that_was_asked_for(hold):
    async def script(client, session):
        await asyncio.sleep(1)
        client.say(spoken(0, 0.8))
        await asyncio.sleep(3)
        session.conversation.answer(REQUEST)
        client.say(spoken(1, 0.8))

    held = hold(
        script,
        seconds=10,
        conversation={"answer_turns": False, "draft": False},
        adjust=lambda engines: setattr(engines.language_model, "first_token", 1.0),
    )
    assert turns(held) == [("user", "first"), ("user", "second")]
    assert not held.of(EventType.FIRST_SOUND)


def test_a_reply_that_is_only_told_needs_no_voice_and_is_remembered(hold):
    async def script(client, session):
        await asyncio.sleep(1)
        session.conversation.take_in(spoken(0, 1.0))
        session.conversation.answer(ReplyRequest(spoken=False))

    held = hold(
        script,
        seconds=6,
        adjust=lambda engines: setattr(engines.synthesizer, "failures", Failures(1_000)),
    )
    assert held.texts(EventType.REPLY_TEXT) == ["You said first."]
    assert turns(held) == [("user", "first"), ("assistant", "You said first.")]
    assert not held.of(EventType.FIRST_SOUND)
    assert held.counts()["engine_failed"] == 0


def test_giving_way_stops_the_reply_and_leaves_the_floor_to_nobody(hold):
    async def script(client, session):
        session.read("go")
        while session.floor is not Floor.AGENT:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.7)
        assert session.conversation.give_way()
        assert session.floor is Floor.NOBODY
        assert not session.conversation.give_way()

    held = hold(script, seconds=6, reply=lambda messages: "one two three four five six seven.")
    assert held.texts(EventType.HEARD) == ["one two"]


@pytest.mark.parametrize(("seconds", "heard"), [(0.0, ""), (0.35, "one"), (10.0, "one two three.")])
def test_the_client_may_know_better_what_was_heard(hold, seconds, heard):
    async def script(client, session):
        session.read("go")
        while session.floor is not Floor.AGENT:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.8)
        generation = session._timeline.generation
        session.conversation.truncate(generation, seconds)
        assert session.conversation.truncate(generation + 7, seconds) is None

    held = hold(script, seconds=6, reply=lambda messages: "one two three.", acknowledges=False)
    assert turns(held)[1:] == ([("assistant", heard)] if heard else [])


def test_a_reply_that_only_calls_a_tool_is_over_without_a_sound(hold):
    call = ToolCall("c", "look", "{}")

    def adjust(engines):
        engines.language_model.call = lambda messages, tools: [call]

    async def script(client, session):
        await asyncio.sleep(1)
        session.conversation.answer(ReplyRequest(Toolbox((Tool("look"),))))
        await asyncio.sleep(2)
        assert session.floor is Floor.NOBODY

    held = hold(script, seconds=5, adjust=adjust, reply=lambda messages: "")
    assert not held.of(EventType.FIRST_SOUND, EventType.FALLBACK, EventType.ENGINE_FAILED)
    assert held.floors() == ["thinking", "nobody"]


def test_the_same_script_gives_the_same_events(hold):
    async def script(client, session):
        await asyncio.sleep(1)
        session.conversation.take_in(spoken(0, 1.0))
        session.conversation.answer(REQUEST)
        await asyncio.sleep(1.5)
        session.conversation.give_way()

    first, second = (hold(script, seconds=6).recording.events for _ in range(2))
    assert first == second
