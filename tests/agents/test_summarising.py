"""A conversation longer than the prompt: its beginning becomes a summary, and no reply waits for it."""

from __future__ import annotations

import asyncio

import pytest

from agents.dialogue import Dialogue, DialogueError
from agents.language_model import LanguageModelError, Message, TextDelta
from agents.memory.summarising import EARLIER, SummarisingDialogue, SummaryOptions
from agents.persona import Persona

PERSONA = Persona(name="Mira", role="a receptionist")
BUDGET = 300
SYSTEM = PERSONA.system_prompt()


class Writer:
    """A language model that writes summaries."""

    def __init__(self, text: str = "The user is called Ada.", delay: float = 0.0) -> None:
        self.text = text
        self.delay = delay
        self.failure: LanguageModelError | None = None
        self.asked: list[tuple[Message, ...]] = []
        self.closed = 0

    async def stream(self, messages, *, max_tokens=None, tools=None):
        self.asked.append(tuple(messages))
        try:
            await asyncio.sleep(self.delay)
            if self.failure is not None:
                raise self.failure
            for word in self.text.split():
                yield TextDelta(word + " ", self.delay)
        finally:
            self.closed += 1


def dialogue(model: Writer, **options) -> SummarisingDialogue:
    return SummarisingDialogue(
        PERSONA, BUDGET, model, SummaryOptions(**{"tokens": 40, "timeout": 1} | options)
    )


async def talk(held: Dialogue, turns: range, pause: float = 0.01) -> None:
    """Exchange ``turns`` of about 20 tokens each side, with a pause after each reply."""
    for n in turns:
        held.add_user(f"this is question number {n} of a long conversation")
        held.begin_reply(n)
        held.messages()
        held.commit(n, f"and this is the answer to question {n}, as it was heard")
        await asyncio.sleep(pause)


async def test_a_short_conversation_is_remembered_word_by_word():
    model = Writer()
    held = dialogue(model)
    plain = Dialogue(PERSONA, BUDGET)
    for each in (held, plain):
        await talk(each, range(2))
    assert held.messages() == plain.messages()
    assert model.asked == []


async def test_the_oldest_turns_become_a_summary_after_the_system_prompt():
    held = dialogue(Writer())
    await talk(held, range(8))
    system, first, *_ = held.messages()
    assert system.content == f"{SYSTEM}\n\n{EARLIER}The user is called Ada."
    assert first.role == "user"
    assert "number 0" not in first.content
    assert held.counts["forgotten"] == 0
    assert len(held.transcript()) == 16


async def test_the_prompt_stays_within_its_budget_and_ends_with_what_was_said_last():
    held = dialogue(Writer("word " * 500))
    for n in range(40):
        await talk(held, range(n, n + 1))
        messages = held.messages()
        assert sum(len(message.content) / 3 + 5 for message in messages) <= BUDGET
        assert messages[-1].content.endswith(f"answer to question {n}, as it was heard")


async def test_between_two_summaries_the_prompt_only_grows_at_its_end():
    held = dialogue(Writer())
    before, changes = held.messages(), 0
    for n in range(30):
        await talk(held, range(n, n + 1))
        now = held.messages()
        changes += now[: len(before)] != before
        before = now
    assert 0 < changes <= held.counts["made"]


async def test_the_next_summary_takes_in_the_one_before():
    model = Writer()
    held = dialogue(model)
    await talk(held, range(20))
    assert len(model.asked) >= 2
    assert "Notes so far" not in model.asked[0][1].content
    assert model.asked[1][1].content.startswith("Notes so far: The user is called Ada.")
    said = "\n".join(asked[1].content for asked in model.asked)
    for n in range(10):
        assert said.count(f"question number {n} of") == 1, "each turn is summarised once"


@pytest.mark.parametrize("act", ["begin_reply", "preview"])
async def test_a_reply_never_waits_for_a_summary(act):
    model = Writer(delay=0.5)
    held = dialogue(model)
    await talk(held, range(4))
    assert len(model.asked) == 1
    if act == "preview":
        held.preview("and what else")
    else:
        held.begin_reply(99)
    await asyncio.sleep(0)
    assert model.closed == 1, "the model is free for the reply"
    assert held.counts["withdrawn"] == 1
    assert held.summary == ""


async def test_a_summary_that_was_given_up_is_tried_again_after_the_reply():
    model = Writer(delay=0.1)
    held = dialogue(model)
    await talk(held, range(6))
    assert held.counts["withdrawn"] >= 1
    await asyncio.sleep(0.2)
    assert held.summary == "The user is called Ada."


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"failure": LanguageModelError("out of memory")}, "out of memory"),
        ({"text": "  "}, "came back empty"),
        ({"delay": 5.0}, "longer than 0.02 s"),
    ],
    ids=["a model that fails", "a model that writes nothing", "a model that is slow"],
)
async def test_without_a_summary_the_oldest_turns_are_forgotten_and_that_is_counted(fault, why, caplog):
    model = Writer()
    for name, value in fault.items():
        setattr(model, name, value)
    held = dialogue(model, timeout=0.02)
    await talk(held, range(12), pause=0.03)
    assert held.counts["failed"] >= 1
    assert held.counts["forgotten"] >= 2
    assert why in caplog.text
    assert held.messages()[0].content == SYSTEM
    assert held.messages()[-1].content.endswith("question 11, as it was heard")


async def test_a_later_summary_takes_in_what_was_forgotten_meanwhile():
    model = Writer()
    model.failure = LanguageModelError("out of memory")
    held = dialogue(model)
    await talk(held, range(7))
    assert held.counts["forgotten"]
    model.failure, model.asked = None, []
    await talk(held, range(7, 12))
    assert "question number 3 of" in model.asked[0][1].content


async def test_a_summary_longer_than_its_limit_is_cut_at_a_word():
    held = dialogue(Writer("alpha beta " * 100), tokens=20)
    await talk(held, range(8))
    assert 0 < len(held.summary) <= 60
    assert set(held.summary.split()) == {"alpha", "beta"}


async def test_closing_gives_up_the_summary():
    model = Writer(delay=5)
    held = dialogue(model)
    await talk(held, range(4))
    held.close()
    await asyncio.sleep(0)
    assert model.closed == len(model.asked) == 1


def test_a_summary_that_leaves_no_room_is_refused():
    with pytest.raises(DialogueError, match="leaves no room"):
        dialogue(Writer(), tokens=290)
