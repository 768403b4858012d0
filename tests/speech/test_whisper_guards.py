"""What counts as a loop and as text made of silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.whisper.guards import MAX_PERIOD, MIN_REPEATED_TOKENS, compresses, is_silence_phrase, repeats


@given(
    st.lists(st.integers(0, 50_000), max_size=20),
    st.lists(st.integers(0, 50_000), min_size=1, max_size=MAX_PERIOD),
)
def test_anything_said_over_and_over_is_a_loop(before: list[int], phrase: list[int]) -> None:
    assert repeats(before + phrase * max(4, MIN_REPEATED_TOKENS // len(phrase) + 1))


@given(st.lists(st.integers(0, 50_000), unique=True, max_size=200))
def test_tokens_without_repetition_are_no_loop(tokens: list[int]) -> None:
    assert not repeats(tokens)


@given(st.lists(st.integers(0, 50_000), unique=True, min_size=MIN_REPEATED_TOKENS // 3, max_size=MAX_PERIOD))
def test_saying_a_sentence_three_times_is_no_loop(sentence: list[int]) -> None:
    assert not repeats(sentence * 3)


def test_people_may_repeat_a_word_a_dozen_times() -> None:
    assert not repeats([7] * 12)


@pytest.mark.parametrize("text", ["Thank you.", " you", "Thanks for watching!", "Bye.", "...", "THANK YOU"])
def test_phrases_that_silence_produces_are_known(text: str) -> None:
    assert is_silence_phrase(text)


@pytest.mark.parametrize("text", ["Thank you for your patience.", "You are muted.", "Hello.", "No."])
def test_other_phrases_are_not_doubted(text: str) -> None:
    assert not is_silence_phrase(text)


def test_only_long_repetitive_text_compresses() -> None:
    assert compresses("and then he said " * 12, 2.4)
    assert not compresses("no no no no no", 2.4)
    assert not compresses(
        "Press 1 to record your unavailable message, press 2 to record your busy message, press 3 to record "
        "your name, press 4 to record your temporary greeting, press 5 to change your password.",
        2.4,
    )
