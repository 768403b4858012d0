"""Language models that don't write what can be said: what is heard, shown, counted and remembered."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from agents.reading import Reading
from agents.reply_language import LanguageJudge
from orchestration.recording.transcript import transcript
from orchestration.session.events import EventType
from orchestration.session.reply import ReplyLimits
from tests.orchestration.conftest import OPTIONS

CODE = "```python\nprint(1)\n```"


async def asks(client, session):
    await asyncio.sleep(1)
    session.read("hello")


def limits(**reading: object) -> dict[str, object]:
    reply: ReplyLimits = OPTIONS.conversation.reply
    return {"reply": replace(reply, reading=Reading(**reading))}


def kinds(held) -> list[str]:
    return [event.data["kind"] for event in held.of(EventType.MISBEHAVED)]


def test_code_is_shown_whole_announced_and_counted(hold):
    held = hold(asks, reply=lambda _: f"Here you are.\n{CODE}\nHave fun.", seconds=12)
    assert held.texts(EventType.REPLY_TEXT) == ["Here you are.", CODE, "Have fun."]
    assert held.texts(EventType.HEARD) == ["Here you are. I've put the code on screen. Have fun."]
    assert kinds(held) == ["code"]
    assert held.counts()["reply_misbehaved"] == 1
    assert held.counts()["engine_failed"] == held.counts()["fallback"] == 0


def test_sentences_of_code_are_not_counted_as_sentences_of_the_reply(hold):
    code = "```\n# One. Two. Three! Four?\nx = 1\n```"
    held = hold(asks, reply=lambda _: f"See.\n{code}\nDone.", seconds=12)
    assert held.texts(EventType.HEARD) == ["See. I've put the code on screen. Done."]


def test_a_sentence_without_an_end_stops_at_its_limit_and_the_floor_is_free_again(hold):
    endless = "and on it goes, " * 500
    held = hold(asks, reply=lambda _: endless, seconds=40, conversation=limits(max_words=20))
    heard = held.texts(EventType.HEARD)[0]
    assert heard.endswith("goes…")
    assert 20 <= len(heard.split()) <= 42
    assert kinds(held) == ["cut_short"]
    assert held.floors()[-1] == "nobody"
    assert held.counts()["engine_failed"] == 0


def test_thoughts_are_dropped_and_the_answer_is_said(hold):
    held = hold(asks, reply=lambda _: "<think>Let me see. Ten? Yes.</think>At ten.", seconds=8)
    assert held.texts(EventType.REPLY_TEXT) == held.texts(EventType.HEARD) == ["At ten."]
    assert kinds(held) == ["thoughts"]


def test_nothing_but_thoughts_is_answered_by_the_apology(hold):
    held = hold(asks, reply=lambda _: "<think>I wonder, and I wonder.", seconds=8)
    assert held.texts(EventType.HEARD) == ["I am sorry"]
    assert held.texts(EventType.REPLY_TEXT) == []


def test_a_tools_result_that_is_copied_with_its_tags_is_neither_said_nor_shown(hold):
    copied = 'It is <b>ten</b>. <tool_response>\n{"time": "10:00"}\n</tool_response>'
    held = hold(asks, reply=lambda _: copied, seconds=8)
    assert held.texts(EventType.REPLY_TEXT) == ["It is ten."]
    assert held.texts(EventType.HEARD) == ["It is ten."]
    assert kinds(held) == ["tools"]


@pytest.mark.parametrize("reply", ["Музей открывается в десять.", "博物馆十点开门。"])
def test_a_reply_in_another_language_is_shown_and_apologised_for(hold, reply):
    held = hold(asks, reply=lambda _: reply, seconds=8, conversation=limits(judge=LanguageJudge()))
    assert "".join(held.texts(EventType.REPLY_TEXT)) == reply
    assert held.texts(EventType.HEARD) == ["I am sorry"]
    assert set(kinds(held)) == {"other_language"}


def test_what_is_kept_of_code_is_its_announcement_and_the_code_beside_it(hold):
    held = hold(asks, reply=lambda _: f"Here you are.\n{CODE}", seconds=10)
    turn = transcript(held.recording.events)[-1]
    assert turn["text"] == turn["heard"] == "Here you are. I've put the code on screen."
    assert turn["shown"] == [CODE]
