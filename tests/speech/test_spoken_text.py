# ruff: noqa: RUF001 - phonetic letters and typographic marks are the subject
"""Written text becomes what a voice says, and keeps its own tokens."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from speech.espeak import shared_espeak
from speech.spoken_text import PAUSES, Token, phrases, read_tokens, split_pieces, spoken_text

SPOKEN = [
    ("Hello, how are you?", "Hello, how are you?"),
    ("That's 😀 great!", "That's great!"),
    ("It costs $5.", "It costs five dollars."),
    ("It costs $1.", "It costs one dollar."),
    ("It costs $5.20 or £3.", "It costs five dollars and twenty cents or three pounds."),
    ("$5 million was spent.", "five million dollars was spent."),
    ("I paid 4€ and -$3", "I paid four euros and minus three dollars"),
    ("About 5% of 1,234 people", "About five percent of one thousand two hundred and thirty-four people"),
    ("Pi is 3.14.", "Pi is three point one four."),
    ("The 1st, 2nd and 23rd.", "The first, second and twenty-third."),
    ("In 1999 and the 1980s", "In nineteen ninety-nine and the nineteen eighties"),
    ("On 2024-05-01", "On May first, twenty twenty-four"),
    ("On May 5, 2024", "On May fifth, twenty twenty-four"),
    ("At 10:30 p.m., or 7:00.", "At ten thirty P M, or seven o'clock."),
    ("At 9:05 am", "At nine oh five am"),
    ("Run 5 km in 20min", "Run five kilometers in twenty minutes"),
    ("It's -5°C outside", "It's minus five degrees Celsius outside"),
    ("Call 555-1234.", "Call five five five, one two three four."),
    ("Pages 5-10", "Pages five to ten"),
    ("1/2 a cup", "one half a cup"),
    ("Version 1.2.3 of v2", "Version one point two point three of v two"),
    ("Dr. Smith vs. Mr. Jones, etc.", "doctor Smith versus mister Jones, et cetera"),
    ("e.g. the U.S. army", "for example the U S army"),
    ("**Bold**, _soft_ and `code_name`", "Bold, soft and code name"),
    ("# Title\n\nText", "Title. Text"),
    ("- one\n- two", "one. two"),
    ("See [the docs](https://a.example.com/x).", "See the docs."),
    ("Go to https://www.example.com/help?id=3.", "Go to example dot com slash help."),
    ("Mail joe.doe@example.org!", "Mail joe dot doe at example dot org!"),
    ("Salt & pepper + 3 = 4", "Salt and pepper plus three equals four"),
    ("Wait... what?!", "Wait. what?"),
    ("Well—maybe", "Well, maybe"),
    ("“Quoted” (aside) ‘single’", "Quoted aside single"),
    ("Set myFileName for McDonald", "Set my File Name for McDonald"),
    ("don’t rock-n-roll", "don't rock-n-roll"),
    ("a\x00b\x07c \x1b[31mred", "abc thirty-one mred"),
    ("Mm-hmm.", "um-hum."),
    ("Mhm, I see.", "um-hum, I see."),
    ("Mm, 5 mm or hmm?", "hmm, five millimeters or hmm?"),
]
MARKS = [
    "",
    " ",
    "...",
    "😀 🎉",
    "- - -",
    "?!",
    "\n\n",
    "**",
    "```",
    "🇩🇪",
    "👩‍👩‍👧",
    "\u200b\ufeff",
    "\x00\x01",
]


@pytest.mark.parametrize(("text", "expected"), SPOKEN)
def test_text_is_spoken_in_words(text: str, expected: str) -> None:
    assert spoken_text(text) == expected


@pytest.mark.parametrize("text", MARKS)
def test_what_holds_no_words_gives_no_tokens(text: str) -> None:
    assert read_tokens(text) == ()


def test_tokens_keep_the_text_as_written() -> None:
    tokens = read_tokens("👋 Hi! That's $5 🎉 today —  ok?")
    assert [token.text for token in tokens] == ["👋 Hi!", "That's", "$5 🎉", "today —", "ok?"]


def test_other_languages_leave_numbers_to_the_voice() -> None:
    assert spoken_text("Es kostet 5 Euro, **jetzt** 😀!", "de") == "Es kostet 5 Euro, jetzt!"


texts = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="aAbB0d.r😀\u200b", max_size=12),
    st.text(alphabet="ab Z09.,:;!?-–—…'’\"()[]{}*_`#@/\\$€%+=°<>~|&\n\t½²", max_size=60),
    st.lists(st.sampled_from([case[0] for case in SPOKEN] + MARKS), max_size=4).map(" ".join),
)


@settings(max_examples=400, deadline=None)
@given(texts)
def test_normalising_never_fails_and_is_idempotent(text: str) -> None:
    once = spoken_text(text)
    assert spoken_text(once) == once


@settings(max_examples=300, deadline=None)
@given(texts)
def test_tokens_cover_the_text_in_order(text: str) -> None:
    tokens = read_tokens(text)
    visible = "".join(symbol for symbol in text if symbol.isprintable() or symbol.isspace())
    joined = " ".join(token.text for token in tokens)
    printable = "".join(symbol for symbol in joined if symbol.isprintable())
    assert not tokens or "".join(printable.split()) == "".join(visible.split())


@settings(max_examples=300, deadline=None)
@given(texts)
def test_what_is_said_holds_only_words_and_pauses(text: str) -> None:
    for token in read_tokens(text):
        assert any(symbol.isalnum() for symbol in token.spoken)
        assert not set(token.spoken) & set('*_`#@/\\$€%+=<>~|&[](){}"\n')
        assert not any(symbol.isascii() and symbol.isdigit() for symbol in token.spoken)


@settings(max_examples=150, deadline=None)
@given(texts)
def test_what_is_said_can_be_phonemised(text: str) -> None:
    for phrase in phrases(read_tokens(text)):
        for _, words in phrase.words:
            assert isinstance(shared_espeak().phonemize(words, "en-us"), str)
            assert not set(words) & set(PAUSES)


@settings(max_examples=200, deadline=None)
@given(texts, st.integers(40, 200), st.integers(20, 80))
@example("word " * 1000, 160, 60)
@example("7" * 400, 160, 60)
@example("x" * 400, 160, 60)
def test_pieces_are_the_text_again_and_bounded(text: str, longest: int, first: int) -> None:
    tokens = read_tokens(text)
    pieces = split_pieces(tokens, longest=longest, first_longest=first)
    parts = [token for piece in pieces for token in piece]
    assert [token.text for token in parts if token.text] == [token.text for token in tokens]
    assert "".join("".join(token.spoken.split()) for token in parts) == "".join(
        "".join(token.spoken.split()) for token in tokens
    )
    assert all(len(" ".join(token.spoken for token in piece)) <= longest for piece in pieces)


def test_a_long_first_sentence_begins_with_its_first_clause() -> None:
    tokens = read_tokens(
        "When the rain had stopped, we all went out into the garden and looked at the sky. Yes."
    )
    pieces = split_pieces(tokens, longest=160, first_longest=60)
    assert [piece[-1].text for piece in pieces] == ["stopped,", "sky.", "Yes."]


def test_phrases_carry_their_pause_and_token_numbers() -> None:
    read = phrases([Token("5:00,", "five o'clock,"), Token("then", "then"), Token("1.", "one, two.")])
    assert [(phrase.words, phrase.pause) for phrase in read] == [
        (((0, "five o'clock"),), ","),
        (((1, "then"), (2, "one")), ","),
        (((2, "two"),), "."),
    ]
