"""Cutting a note into passages for a model to read: paragraphs, joined or cut to about 120 words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.words import Ending, ending, words

PASSAGE_WORDS = 120  # words a passage holds at most
_BLANK = re.compile(r"\n[ \t\f\r]*\n")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$")
_MARKUP = re.compile(r"^[>\s]*(?:[-*+]\s+)?|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}")


def passages(text: str, limit: int = PASSAGE_WORDS) -> Iterator[str]:
    """The passages of a note, in order, each at most ``limit`` words and never across a heading.

    Each begins with the heading that it stands under, which names what it is about. Paragraphs stay whole
    where they fit; longer ones are cut between sentences, and a sentence that is longer than ``limit`` at
    words.
    """
    heading, held = "", ""
    for paragraph in _paragraphs(text):
        if isinstance(paragraph, _Heading):
            yield from _passage(heading, held)
            heading, held = paragraph.text, ""
            continue
        room = max(1, limit - _count(heading))
        for piece in _pieces(paragraph, room):
            if held and _count(held) + _count(piece) > room:
                yield from _passage(heading, held)
                held = ""
            held = f"{held} {piece}".strip()
    yield from _passage(heading, held)


def sentences(passage: str) -> Iterator[str]:
    """The sentences of a passage, in order; together they are the passage."""
    start, first = 0, True
    for begin, end in words(passage):
        rest = passage[end : end + 8].lstrip()
        first = not rest or ending(passage[begin:end], rest[0], first=first) is Ending.SENTENCE
        if first:
            yield passage[start:end].strip()
            start = end


class _Heading:
    def __init__(self, text: str) -> None:
        self.text = text


def _paragraphs(text: str) -> Iterator[str | _Heading]:
    for block in _BLANK.split(text.replace("\r\n", "\n").replace("\r", "\n")):
        lines: list[str] = []
        for line in block.split("\n"):
            found = _HEADING.match(line.strip())
            if found is None:
                lines.append(_MARKUP.sub("", line))
                continue
            if any(line.strip() for line in lines):
                yield " ".join(" ".join(lines).split())
            lines = []
            yield _Heading(_MARKUP.sub("", found[1]))
        if any(line.strip() for line in lines):
            yield " ".join(" ".join(lines).split())


def _pieces(paragraph: str, room: int) -> Iterator[str]:
    """A paragraph in pieces of at most ``room`` words, cut after a sentence where there is one."""
    start = count = 0
    cut: tuple[int, int] | None = None  # where the last sentence ended, and how many words before it
    end_before = 0
    for begin, end in words(paragraph):
        if count == room:
            at, used = cut if cut is not None else (end_before, count)
            yield paragraph[start:at].strip()
            start, count, cut = at, count - used, None
        count += 1
        rest = paragraph[end : end + 8].lstrip()
        if rest and ending(paragraph[begin:end], rest[0], first=count == 1) is Ending.SENTENCE:
            cut = (end, count)
        end_before = end
    if paragraph[start:].strip():
        yield paragraph[start:].strip()


def _passage(heading: str, text: str) -> Iterator[str]:
    if text:
        yield f"{heading}: {text}" if heading else text


def _count(text: str) -> int:
    return sum(1 for _ in words(text))
