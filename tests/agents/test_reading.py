"""What is said of what a language model writes, and what is only shown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.blocks import MAX_BLOCK, Block, BlockSplitter
from agents.reading import Clause, Reading, ReplyReader
from agents.reply_language import LanguageJudge

CODE = "```python\nfor n in range(3):\n    print(n)\n```"
TABLE = "| day | opens |\n|---|---|\n| Monday | ten |"


def read(text: str, reading: Reading | None = None, *, spoken: bool = True, piece: int = 4) -> list[Clause]:
    reader = ReplyReader(reading, spoken=spoken)
    clauses = []
    for start in range(0, len(text), piece):
        clauses += reader.feed(text[start : start + piece])
        if reader.full:
            return clauses
    return clauses + reader.flush()


def said(clauses: list[Clause]) -> list[str]:
    return [clause.said for clause in clauses if clause.said]


SAID = [
    pytest.param("Yes, we open at ten.", ["Yes, we open at ten."], id="plain prose is said as it is written"),
    pytest.param(
        f"Here it is:\n\n{CODE}\n\nTry it.",
        ["Here it is:", "I've put the code on screen.", "Try it."],
        id="code is announced and not read out",
    ),
    pytest.param(CODE, ["I've put the code on screen."], id="a reply that is nothing but code is announced"),
    pytest.param(
        f"One.\n{CODE}\nTwo.\n{CODE}", ["One.", "I've put the code on screen.", "Two."], id="announced once"
    ),
    pytest.param(
        "See.\n```\nprint(1)\nprint(2)",
        ["See.", "I've put the code on screen."],
        id="code that was cut off is announced too",
    ),
    pytest.param(
        "````md\n```py\nx\n```\n````\nDone.",
        ["I've put the code on screen.", "Done."],
        id="a longer fence holds shorter ones",
    ),
    pytest.param("Type ```ls``` now.", ["Type `ls` now."], id="a fenced name within a sentence is said"),
    pytest.param(
        f"These are:\n{TABLE}\nCome!",
        ["These are:", "I've put the table on screen.", "Come!"],
        id="a table is announced",
    ),
    pytest.param("| is a bar.\nYes.", ["is a bar.", "Yes."], id="one line with a bar is no table"),
    pytest.param("a|b is fine.", ["a|b is fine."], id="a bar within a line is no table"),
    pytest.param(
        "<think>The user wants.\n```x```</think>At ten.",
        ["At ten."],
        id="thoughts are neither said nor shown",
    ),
    pytest.param("<think>I can't decide", [], id="thoughts without an end give nothing"),
    pytest.param("2 < 3, I love it.", ["2 < 3,", "I love it."], id="a sign that begins no tag is said"),
    pytest.param("I see. <thin", ["I see."], id="a tag that the reply breaks off in is not said"),
    pytest.param("Is x<y", ["Is x< y"], id="what only begins like a tag is said"),
    pytest.param(
        '<tool_response>\n{"time": "13:40", "day": "Wednesday"}\n</tool_response>', [], id="a copied result"
    ),
    pytest.param(
        'One moment. <tool_call>\n{"name": "clock"}\n</tool_call>\nIt is ten.',
        ["One moment.", "It is ten."],
        id="a call that was written out",
    ),
    pytest.param('<function=clock>{"a": 1}', [], id="a call without an end"),
    pytest.param("</tool_response>\nAt ten.<|im_end|>", ["At ten."], id="tags without their other half"),
    pytest.param(
        'A <b>very</b> good day,<br/>and <a href="http://x.y">more</a>.',
        ["A very good day,", "and more."],
        id="of other tags what they hold is said",
    ),
    pytest.param("Try `<b>` or ```<i>```.", ["Try `` or ``."], id="quoted tags are not said"),
    pytest.param("| <tool_call> |\nYes.</tool_call>\nNo.", ["No."], id="tags in what looks like a table"),
]


@pytest.mark.parametrize(("text", "expected"), SAID)
@pytest.mark.parametrize("piece", [1, 4, 1000])
def test_what_is_said(text: str, expected: list[str], piece: int) -> None:
    assert said(read(text, piece=piece)) == expected


def test_the_whole_code_is_shown_with_its_lines() -> None:
    (block,) = [clause for clause in read(f"See:\n{CODE}\nBye.") if clause.kind == "code"]
    assert block.text == CODE


def test_a_block_that_never_ends_is_bounded() -> None:
    splitter = BlockSplitter()
    for _ in range(3000):
        assert splitter.feed("abcdefgh " if _ else "```\n") == []
    (block,) = splitter.flush()
    assert isinstance(block, Block) and len(block.text) == MAX_BLOCK


class TestEndlessReplies:
    def test_one_sentence_without_an_end_stops_at_a_clause_and_says_so(self) -> None:
        clauses = read("and so we go on and on " * 200, Reading(max_words=40))
        assert clauses[-1].kind == "cut_short"
        assert clauses[-1].said.endswith("…")
        assert 40 <= sum(len(clause.said.split()) for clause in clauses) <= 40 + 22

    def test_a_reply_that_ends_with_the_limit_is_not_said_to_be_cut(self) -> None:
        clauses = read("One two three four five. " * 9, Reading(max_words=10))
        assert said(clauses) == ["One two three four five."] * 2
        assert clauses[-1].kind == ""

    def test_a_reply_that_is_read_and_not_heard_is_not_limited(self) -> None:
        assert len(read("word " * 400, Reading(max_words=10), spoken=False)) > 15

    def test_of_a_reply_that_is_read_only_thoughts_are_left_out(self) -> None:
        text = f"<think>So.</think>See:\n{CODE}\n{TABLE}\n博物馆十点开门。"
        clauses = read(text, Reading(judge=LanguageJudge()), spoken=False)
        assert [clause.text for clause in clauses if clause.shown] == [
            "See:",
            CODE,
            TABLE,
            "博物馆十点开门。",
        ]
        assert [clause.kind for clause in clauses if clause.kind] == ["thoughts"]

    def test_code_is_no_speech_and_uses_none_of_the_limit(self) -> None:
        long = "```\n" + "x = 1\n" * 100 + "```\nThat is all."
        assert said(read(long, Reading(max_words=10)))[-1] == "That is all."


@pytest.fixture(scope="module")
def judge() -> LanguageJudge:
    judge = LanguageJudge()
    judge.load()
    return judge


class TestOtherLanguages:
    SENTENCES = (
        pytest.param("Das Museum öffnet um zehn Uhr morgens.", "en", "de", id="German for an English voice"),
        pytest.param("Музей открывается в десять.", "en", "ru", id="another script tells at once"),
        pytest.param("博物馆十点开门。", "en", "zh", id="Chinese has no spaces and is told"),
        pytest.param("The museum opens at ten in the morning.", "en", "en", id="its own language"),
        pytest.param("El museo abre a las diez de la mañana.", "es", "es", id="its own language, Spanish"),
        pytest.param("Sure, no problem at all.", "en", None, id="unsure is not told"),
        pytest.param("Bonjour!", "en", None, id="too short to tell"),
        pytest.param("Музей открывается в десять.", "ru", "ru", id="a script that the language has"),
        pytest.param("Wi-Fi", "ru", None, id="a Latin name for a voice of another script"),
    )

    @pytest.mark.parametrize(("text", "language", "told"), SENTENCES)
    def test_a_clause_is_told_where_that_is_sure(
        self, judge: LanguageJudge, text: str, language: str, told: str | None
    ) -> None:
        assert judge.told(text, language) == told

    def test_without_its_model_only_scripts_are_told(self) -> None:
        judge = LanguageJudge()
        assert judge.told("Das Museum öffnet um zehn Uhr morgens.", "en") is None
        assert judge.told("Музей открывается", "en") == "ru"

    def test_a_reply_in_another_language_is_shown_and_not_said(self, judge: LanguageJudge) -> None:
        clauses = read("Das Museum öffnet um zehn Uhr. Der Eintritt kostet acht Euro.", Reading(judge=judge))
        assert said(clauses) == []
        assert {clause.kind for clause in clauses} == {"other_language"}

    def test_a_quotation_in_a_reply_of_its_own_language_is_said(self, judge: LanguageJudge) -> None:
        text = "You would say it like this in German: das Museum öffnet um zehn Uhr morgens."
        assert "".join(said(read(text, Reading(judge=judge)))).endswith("morgens.")


TAGS = (
    "<tool_response>",
    "</tool_response>",
    "<tool_call>",
    "</tool_call>",
    "<think>",
    "</think>",
    "<b>",
    "<br/>",
)
OTHER_TAGS = (
    '<a href="x">',
    "<|im_end|>",
    "<!--",
    "tool_call",
    "<",
    ">",
    "|>",
    "/",
    " = ",
    '{"day": "Monday"}',
)
PROSE = ("word ", "Yes. ", "x", "\n", "```", "`", "code\n", "| a | b |\n", "|")
pieces = st.lists(st.sampled_from((*PROSE, *TAGS, *OTHER_TAGS)), max_size=25).map("".join)


@settings(max_examples=200, deadline=None)
@given(pieces, st.integers(1, 9))
def test_how_the_text_is_cut_changes_nothing_but_where_prose_is_cut(text: str, piece: int) -> None:
    def split(size: int) -> list[str | Block]:
        splitter = BlockSplitter()
        found = [part for at in range(0, len(text), size) for part in splitter.feed(text[at : at + size])]
        merged: list[str | Block] = []
        for part in [*found, *splitter.flush()]:
            if isinstance(part, str) and merged and isinstance(merged[-1], str):
                merged[-1] += part
            else:
                merged.append(part)
        return [" ".join(part.split()) if isinstance(part, str) else part for part in merged]

    assert split(piece) == split(max(1, len(text)))


@settings(max_examples=300, deadline=None)
@given(pieces, st.lists(st.integers(1, 9), min_size=1, max_size=12), st.booleans())
def test_however_a_reply_comes_in_tokens_the_same_is_said_of_it_and_no_tag(
    text: str, sizes: list[int], spoken: bool
) -> None:
    reader, at, tokens = ReplyReader(spoken=spoken), 0, 0
    found: list[Clause] = []
    while at < len(text):
        size = sizes[tokens % len(sizes)]
        found += reader.feed(text[at : at + size])
        at, tokens = at + size, tokens + 1
    found += reader.flush()
    assert found == read(text, spoken=spoken, piece=max(1, len(text)))
    words = [f"{clause.text} {clause.said}" for clause in found if clause.shown and "```" not in clause.text]
    assert not [tag for text in words for tag in re.findall(r"<[/|!?a-z][^<>]*>?", text)]
