# ruff: noqa: RUF001 - phonetic letters and typographic marks are the subject
"""Every symbol of a phonemised clause finds the token it voices."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.coqui.alignment import owners
from speech.espeak import shared_espeak

LINKED = ["in the morning", "out of it", "do not go", "I am here", "have been told", "it was on the table"]


def _parts(text: str) -> tuple[list[str], str]:
    espeak = shared_espeak()
    return [espeak.phonemize(word, "en-us") for word in text.split()], espeak.phonemize(text, "en-us")


@pytest.mark.parametrize("text", LINKED)
def test_words_that_espeak_joins_are_told_apart(text: str) -> None:
    alone, together = _parts(text)
    found = owners(alone, together)
    assert len(together.split()) < len(alone), "espeak is expected to join words here"
    assert sorted(set(found)) == list(range(len(alone)))


def test_in_the_is_cut_between_the_two_words() -> None:
    alone, together = _parts("in the night")
    assert together.startswith("ɪnðə ")
    assert owners(alone, together)[:4] == [0, 0, 1, 1]


def test_unjoined_words_are_paired_off() -> None:
    found = owners(["wˈʌn tˈuː", "θɹˈiː"], "wˈʌn tˈuː θɹˈiː")
    assert found[: len("wˈʌn tˈuː")] == [0] * len("wˈʌn tˈuː")
    assert found[-len("θɹˈiː") :] == [1] * len("θɹˈiː")


words = st.lists(
    st.sampled_from(
        [
            "in",
            "the",
            "of",
            "it",
            "was",
            "out",
            "I",
            "am",
            "have",
            "been",
            "do",
            "not",
            "go",
            "to",
            "and",
            "that",
            "you",
            "are",
            "a",
            "morning",
            "seven",
        ]
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=100, deadline=None)
@given(words)
def test_owners_never_go_back_and_never_exceed_the_tokens(chosen: list[str]) -> None:
    alone, together = _parts(" ".join(chosen))
    found = owners(alone, together)
    assert len(found) == len(together)
    assert found == sorted(found)
    assert set(found) <= set(range(len(chosen)))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text(alphabet="abkˈː", max_size=4), min_size=1, max_size=4), st.text("abkˈː ", max_size=12)
)
def test_unrelated_symbols_still_get_owners(alone: list[str], together: str) -> None:
    found = owners(alone, together)
    assert len(found) == len(together)
    assert found == sorted(found)
