"""The dialogue remembers what was heard and fits its budget without moving its beginning."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.dialogue import TURN_OVERHEAD, Dialogue, DialogueError, Turn, estimate_tokens
from agents.language_model import Message
from agents.llama import LocalLlama
from agents.persona import Persona

PERSONA = Persona(name="Ann", role="a guide")


def contents(dialogue: Dialogue) -> list[tuple[str, str]]:
    """Roles and texts after the system prompt."""
    return [(message.role, message.content) for message in dialogue.messages()[1:]]


def cost(messages: tuple[Message, ...]) -> int:
    """Tokens of a prompt as the dialogue counts them."""
    return sum(estimate_tokens(message.content) + TURN_OVERHEAD for message in messages)


def test_the_system_prompt_comes_first() -> None:
    assert Dialogue(PERSONA, 200).messages() == (Message("system", PERSONA.system_prompt()),)


def test_a_heard_reply_is_remembered_whole() -> None:
    dialogue = Dialogue(PERSONA, 200)
    dialogue.add_user("hello")
    dialogue.begin_reply(1)
    assert dialogue.commit(1, "Hi there.")
    assert contents(dialogue) == [("user", "hello"), ("assistant", "Hi there.")]


def test_an_interrupted_reply_keeps_the_words_that_were_heard_and_says_so() -> None:
    dialogue = Dialogue(PERSONA, 200)
    dialogue.add_user("hours")
    dialogue.begin_reply(1)
    dialogue.commit(1, "We are open from", interrupted=True)
    dialogue.add_user("no, the price")
    assert contents(dialogue) == [
        ("user", "hours"),
        ("assistant", "We are open from—"),
        ("user", "no, the price"),
    ]
    assert dialogue.transcript()[1] == Turn("assistant", "We are open from", 1, interrupted=True)


def test_a_reply_that_nobody_heard_was_not_said() -> None:
    dialogue = Dialogue(PERSONA, 200)
    dialogue.add_user("what time")
    dialogue.begin_reply(1)
    assert dialogue.commit(1, " ", interrupted=True)
    dialogue.add_user("do you open")
    assert contents(dialogue) == [("user", "what time do you open")]
    assert [turn.text for turn in dialogue.transcript()] == ["what time", "do you open"]


def test_a_reply_stands_where_it_began_even_if_the_user_spoke_meanwhile() -> None:
    dialogue = Dialogue(PERSONA, 200)
    dialogue.add_user("hours")
    dialogue.begin_reply(1)
    dialogue.add_user("wait")
    dialogue.commit(1, "We open", interrupted=True)
    assert [role for role, _ in contents(dialogue)] == ["user", "assistant", "user"]


def test_a_replaced_or_repeated_commit_changes_nothing() -> None:
    dialogue = Dialogue(PERSONA, 200)
    dialogue.begin_reply(1)
    dialogue.begin_reply(2)
    assert not dialogue.commit(1, "old")
    assert dialogue.commit(2, "new")
    assert not dialogue.commit(2, "new again")
    assert contents(dialogue) == [("assistant", "new")]


def test_replies_out_of_turn_are_errors() -> None:
    dialogue = Dialogue(PERSONA, 200)
    with pytest.raises(DialogueError, match="reply 3 is committed but never began"):
        dialogue.commit(3, "words")
    dialogue.begin_reply(3)
    with pytest.raises(DialogueError, match="reply 3 begins after reply 3"):
        dialogue.begin_reply(3)


def test_a_persona_that_fills_the_budget_is_refused() -> None:
    with pytest.raises(DialogueError, match="shorten its facts or raise the budget"):
        Dialogue(PERSONA, 10)


def test_a_turn_longer_than_the_budget_keeps_its_end_and_stays_whole_in_the_transcript() -> None:
    dialogue = Dialogue(PERSONA, 100)
    text = " ".join(f"word{n}" for n in range(500))
    dialogue.add_user(text)
    assert cost(dialogue.messages()) <= 100
    assert dialogue.messages()[-1].content.endswith("word499")
    assert dialogue.transcript()[0].text == text


def test_trimming_is_rare_so_that_the_cached_prompt_is_reused() -> None:
    dialogue = Dialogue(PERSONA, 300)
    before, moved = dialogue.messages(), 0
    for n in range(1, 101):
        dialogue.add_user(f"question number {n}")
        dialogue.begin_reply(n)
        dialogue.commit(n, f"This is the answer to question number {n}.")
        after = dialogue.messages()
        moved += after[: len(before)] != before
        before = after
    assert 0 < moved < 40


TURNS = st.lists(
    st.tuples(st.sampled_from(["user", "heard", "cut", "unheard"]), st.text("ab é。", max_size=80)),
    max_size=40,
)


@given(TURNS, st.integers(60, 400))
def test_any_prompt_fits_the_budget_and_the_transcript_loses_nothing(
    turns: list[tuple[str, str]], budget: int
) -> None:
    dialogue = Dialogue(PERSONA, budget)
    said: list[str] = []
    for generation, (kind, text) in enumerate(turns):
        if kind == "user":
            dialogue.add_user(text)
        else:
            dialogue.begin_reply(generation)
            dialogue.commit(generation, "" if kind == "unheard" else text, interrupted=kind == "cut")
        if text.strip() and kind != "unheard":
            said.append(" ".join(text.split()))
        messages = dialogue.messages()
        assert messages[0] == Message("system", PERSONA.system_prompt())
        assert all(a.role != b.role for a, b in pairwise(messages))
        if any(kind == "user" for kind, _ in turns[: generation + 1]):
            assert cost(messages) <= budget
    assert [turn.text for turn in dialogue.transcript()] == said


def test_the_estimate_is_not_below_the_real_count(llama: LocalLlama) -> None:
    for text in (
        "The museum is open from nine in the morning to six in the evening.",
        "Could you tell me how I get to the dinosaur hall, please?",
        "博物馆每天早上九点开门",
    ):
        assert llama.count_tokens(text) <= 2 * estimate_tokens(text)
    english = "What time does the museum open and how much is a ticket for two adults?"
    assert llama.count_tokens(english) <= estimate_tokens(english)
