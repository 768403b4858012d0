"""Where the first sentences of a streaming text end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.sentences import SentenceCounter


def first(text: str, sentences: int, piece: int = 1000) -> str | None:
    """The text up to the end that was found, fed in pieces."""
    counter = SentenceCounter(sentences)
    for start in range(0, len(text), piece):
        if (end := counter.feed(text[start : start + piece])) is not None:
            return text[:end]
    return None


@pytest.mark.parametrize(
    ("text", "sentences", "kept"),
    [
        pytest.param("One. Two.", 1, "One.", id="the next word makes the end certain"),
        pytest.param("One.", 1, None, id="the end of the text doesn't"),
        pytest.param("It costs 3.50 euros. Yes.", 1, "It costs 3.50 euros.", id="a number is no end"),
        pytest.param("See.\n```\na. b! c?\n```\nOne. Two.", 2, "See.\n```\na. b! c?\n```\nOne.", id="code"),
        pytest.param("See:\n```\nwell. sure. ten. two.", 1, None, id="code that hasn't ended"),
        pytest.param(
            "<think>Well. Sure. Ten.</think>One. Two.",
            1,
            "<think>Well. Sure. Ten.</think>One.",
            id="thoughts",
        ),
        pytest.param(
            'One.<tool_call>{"a": "b. c. d."}</tool_call> Two. Three.',
            2,
            'One.<tool_call>{"a": "b. c. d."}</tool_call> Two.',
            id="what is meant for tools",
        ),
        pytest.param(
            "T:\n| nine. | ten. |\n| one. | two. |\nOne. Two.",
            1,
            "T:\n| nine. | ten. |\n| one. | two. |\nOne.",
            id="a table",
        ),
        pytest.param("yes | sure. Come.", 1, "yes | sure.", id="a bar within a line is no table"),
        pytest.param("Done.\n```\nx\n```", 1, "Done.", id="code makes an end certain too"),
    ],
)
@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_the_first_sentences_end(text: str, sentences: int, kept: str | None, piece: int) -> None:
    assert first(text, sentences, piece) == kept


PROSE = ("One ", "two. ", "Three! ", "3. ", "\n", "—", "<", "b", "<b>")
BLOCKS = ("```", "````", "`", "| nine. |", "<think>", "</think>", "<tool_call>", "</tool_call>")
texts = st.lists(st.sampled_from((*PROSE, *BLOCKS)), max_size=20).map("".join)


@settings(max_examples=200, deadline=None)
@given(texts, st.integers(1, 3), st.integers(1, 5))
def test_how_the_text_comes_in_pieces_changes_nothing(text: str, sentences: int, piece: int) -> None:
    text += "\nThe end"  # certain, however it comes
    assert first(text, sentences, piece) == first(text, sentences)
