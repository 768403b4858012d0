"""Replies are cut after their sentences and closed when nobody reads on; simulated users speak."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.language_model import LanguageModelError, Message, ReplyPart, TextDelta, ToolCall
from agents.llama import LocalLlama
from agents.reply import limit_sentences
from agents.simulated_user import ModelUser, ScriptedUser, UserGoal

HELLO = (Message("user", "Hello!"),)


class Scripted:
    """A model whose replies and failures are given; one entry a request."""

    def __init__(self, *replies: Sequence[str | LanguageModelError]) -> None:
        self.replies = list(replies)
        self.asked: list[tuple[Message, ...]] = []
        self.closed = 0

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None
    ) -> AsyncIterator[TextDelta]:
        """Play the next entry."""
        self.asked.append(tuple(messages))
        try:
            for piece in self.replies.pop(0):
                if isinstance(piece, LanguageModelError):
                    raise piece
                yield TextDelta(piece, 0.0)
        finally:
            self.closed += 1


async def read(stream: AsyncIterator[TextDelta]) -> str:
    """The whole text of a reply."""
    return "".join([delta.text async for delta in stream])


@pytest.mark.parametrize(
    ("pieces", "sentences", "kept"),
    [
        (["It costs $3.", "50. Thank", "s. Bye."], 1, "It costs $3.50."),
        (["Hi. ", "We open at 9 a.m. on", " Monday. And more"], 2, "Hi. We open at 9 a.m. on Monday."),
        (["One. Two. Three. Four."], 2, "One. Two."),
        (["No end in sight"], 1, "No end in sight"),
        (["One."], 1, "One."),
    ],
)
async def test_a_reply_stops_after_its_sentences(pieces: list[str], sentences: int, kept: str) -> None:
    model = Scripted(pieces)
    assert await read(limit_sentences(model.stream(HELLO), sentences)) == kept
    assert model.closed == 1


@given(st.text("aB. !?5", max_size=60), st.integers(1, 3), st.data())
async def test_where_a_reply_stops_does_not_depend_on_its_pieces(
    text: str, sentences: int, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(text)))
    whole = await read(limit_sentences(Scripted([text]).stream(HELLO), sentences))
    pieces = await read(limit_sentences(Scripted([text[:cut], text[cut:]]).stream(HELLO), sentences))
    assert pieces.rstrip() == whole.rstrip()  # space may pass before the end is sure
    assert text.startswith(whole) and text.startswith(pieces)


async def test_a_scripted_user_says_its_lines_and_leaves() -> None:
    user = ScriptedUser(["one", "two"])
    assert [await user.next_utterance(()) for _ in range(4)] == ["one", "two", None, None]


async def test_a_model_user_sees_the_dialogue_from_the_other_side() -> None:
    model = Scripted(["How much is it? I wonder."], ["Thanks, goodbye!"])
    user = ModelUser(model, UserGoal(role="a visitor", goal="a ticket", opening="Hello."))
    dialogue = [Message("system", "You are Mira."), Message("user", "Hello."), Message("assistant", "Hi!")]
    assert await user.next_utterance(dialogue[:1]) == "Hello."
    assert await user.next_utterance(dialogue) == "How much is it?"
    assert [message.role for message in model.asked[0]] == ["system", "assistant", "user"]
    assert "Mira" not in model.asked[0][0].content
    assert await user.next_utterance(dialogue) == "Thanks, goodbye!"
    assert await user.next_utterance(dialogue) is None


async def test_a_model_user_leaves_after_its_last_turn(llama: LocalLlama) -> None:
    user = ModelUser(llama, UserGoal(role="a visitor", goal="to know the price", opening="Hello.", turns=2))
    greeting = [Message("user", "Hello."), Message("assistant", "Hello! How can I help you?")]
    said = [await user.next_utterance(greeting) for _ in range(3)]
    assert said[0] == "Hello." and said[1] and said[2] is None


async def test_calls_of_tools_pass_after_the_last_sentence_and_more_text_does_not() -> None:
    call = ToolCall("call_1", "look", "{}")

    async def stream() -> AsyncIterator[ReplyPart]:
        for text in ("One. Two.", " Three.", " Four."):
            yield TextDelta(text, 0.0)
        yield call

    parts = [part async for part in limit_sentences(stream(), 1, calls_follow=True)]
    assert parts == [TextDelta("One.", 0.0), call]
