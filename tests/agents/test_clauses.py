"""Clauses come early, whole, and the same however the reply arrives."""

# ruff: noqa: RUF001 -- other scripts have look-alike punctuation
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.clauses import ClauseConfig, ClauseSplitter

PIECES = st.sampled_from(
    [
        "hello",
        "The",
        "and",
        "from",
        "museum",
        "dinosaurs",
        "Dr.",
        "a.m.",
        "p.m.",
        "e.g.",
        "U.S.",
        "J.",
        "No.",
        "etc.",
        "3.50",
        "$1,000",
        "10:30",
        "9–5",
        "1.",
        "https://a.org/x?y=1.5,z",
        "example.com",
        "...",
        "…",
        "—",
        " — ",
        "-",
        ".",
        ",",
        "!",
        "?!",
        ";",
        ":",
        "(",
        ")",
        '"',
        "“",
        "”",
        "'s",
        "\n",
        "\n\n",
        "  ",
        " ",
        "é",
        "😊",
        "👩‍🚀",
        "e\u0301",
        "博物馆",
        "。",
        "，",
        "「",
        "」",
        "はい",
        "！",
        "안녕하세요",
        "x" * 50,
    ]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join) | st.lists(PIECES, max_size=60).map(" ".join) | st.text()


def split(*deltas: str, config: ClauseConfig | None = None) -> list[str]:
    """The clauses of a reply that arrives as ``deltas``."""
    splitter = ClauseSplitter(config)
    return [clause for delta in deltas for clause in splitter.feed(delta)] + splitter.flush()


def bare(text: str) -> str:
    """``text`` without white space."""
    return "".join(text.split())


@given(TEXTS)
def test_clauses_together_are_the_reply(text: str) -> None:
    assert bare("".join(split(text))) == bare(text)


@given(TEXTS)
def test_no_clause_is_empty_or_longer_than_allowed(text: str) -> None:
    config = ClauseConfig(characters=40)
    for clause in split(text, config=config):
        assert clause.strip() == clause != ""
        assert len(clause) <= config.characters


@given(TEXTS, st.data())
def test_clauses_do_not_depend_on_how_the_reply_arrives(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
    deltas = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert split(*deltas) == split(text) == split(*text)


@given(
    st.lists(st.sampled_from(["3.50", "10:30", "1,000", "https://a.org/x,y", "Dr.", "8.5.2024"]), max_size=40)
)
def test_numbers_times_and_addresses_stay_whole(tokens: list[str]) -> None:
    clauses = split(" ".join(tokens), config=ClauseConfig(first_words=3, words=5))
    assert [token for clause in clauses for token in clause.split()] == tokens


@pytest.mark.parametrize(
    ("reply", "clauses"),
    [
        ("Dr. Smith is in. Ask him.", ["Dr. Smith is in.", "Ask him."]),
        ("We close at 6 p.m. on Monday.", ["We close at 6 p.m.", "on Monday."]),
        ("Come at 10 a.m. The hall is open.", ["Come at 10 a.m.", "The hall is open."]),
        ("It costs $3.50. Thanks!", ["It costs $3.50.", "Thanks!"]),
        ("No. 5 is there. No. We are closed.", ["No. 5 is there.", "No.", "We are closed."]),
        ("I met J. R. Smith here.", ["I met J. R. Smith here."]),
        ("Fruit, e.g. apples.", ["Fruit, e.g. apples."]),
        ("Look at example.com/a.b today.", ["Look at example.com/a.b today."]),
        ("Well... let me see.", ["Well... let me see."]),
        ("“Yes!” she said.", ["“Yes!”", "she said."]),
        ("1. Bread\n2. Milk", ["1. Bread", "2. Milk"]),
        ("早上九点开门。欢迎！", ["早上九点开门。", "欢迎！"]),
        ("Really?! Yes.", ["Really?!", "Yes."]),
        ("Hello", ["Hello"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_a_reply_is_cut_where_a_speaker_would_pause(reply: str, clauses: list[str]) -> None:
    assert split(reply) == clauses


def test_the_first_clause_ends_before_a_linking_word() -> None:
    clauses = split("The museum is open every day from nine in the morning to six in the evening.")
    assert clauses == ["The museum is open every day", "from nine in the morning to six in the evening."]


def test_the_first_clause_is_short_even_without_a_place_to_pause() -> None:
    assert split("one two three four five six seven eight nine")[0] == "one two three four five six seven"


def test_the_first_clause_does_not_end_with_an_article() -> None:
    assert split("please take these stairs up to the second floor")[0] == "please take these stairs up"


def test_a_clause_is_given_out_as_soon_as_the_next_one_begins() -> None:
    splitter = ClauseSplitter()
    assert splitter.feed("Yes, of course.") == []  # it might be the start of "course.com"
    assert splitter.feed(" T") == ["Yes, of course."]


def test_later_clauses_are_longer_than_the_first() -> None:
    clauses = split("Yes. " + "the quick brown fox, " * 10)
    assert len(clauses[1].split()) > 7


def test_a_splitter_starts_afresh_after_a_flush() -> None:
    splitter = ClauseSplitter()
    first = splitter.feed("one two three four five six seven eight nine. ") + splitter.flush()
    again = splitter.feed("one two three four five six seven eight nine. ") + splitter.flush()
    assert first == again
