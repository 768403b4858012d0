"""Counts the sentences of a text while it streams, looking at each word once."""

from __future__ import annotations

import re

from agents.tags import certain, opening
from agents.words import Ending, ending, words

# What isn't read out holds no sentences: code, rows of a table, what stands between tags.
_OPENING = re.compile(r"(?P<fence>`{3,})|(?P<row>(?:\A|(?<=\n))[ \t]*\|)")


class SentenceCounter:
    """Tells where the first ``sentences`` sentences of a text end, once what follows makes that certain."""

    def __init__(self, sentences: int) -> None:
        self._left = sentences
        self._text = ""  # what isn't settled yet
        self._settled = 0  # characters before it
        self._first = True  # the next word begins a sentence
        self._closing = ""  # ends the block that is open

    def feed(self, delta: str) -> int | None:
        """Take more of the text; returns the end's index in the whole text, None if it isn't certain yet."""
        self._text += delta
        while not self._closing or self._close():
            block = self._block()
            at = certain(self._text) if block is None else block[0]
            if (end := self._count(at, final=block is not None)) is not None or block is None:
                return end
            begins, closing = block[1] - at, block[2]
            if closing[0] == "`" and begins == len(self._text):
                return None  # more backticks may follow
            self._closing = closing
            self._settle(begins)
        return None

    def _close(self) -> bool:
        """Whether the block that is open has ended; what it holds is settled."""
        end = self._text.find(self._closing)
        if end < 0:
            self._settle(max(0, len(self._text) - len(self._closing) + 1))
            return False
        self._settle(end if self._closing == "\n" else end + len(self._closing))  # a row may follow a row
        self._closing, self._first = "", False
        return True

    def _block(self) -> tuple[int, int, str] | None:
        """Where the first block begins, where what opens it ends, and what will close it."""
        found = []
        for match in _OPENING.finditer(self._text):
            if match["row"] is None or match.start() > 0 or self._settled == 0:
                found.append((*match.span(), match["fence"] or "\n"))
                break
        if tag := opening(self._text):
            found.append((tag[0], tag[1], f"</{tag[2]}>"))
        first = min(found, default=None)
        return None if first is None or first[0] > certain(self._text) else first

    def _count(self, at: int, *, final: bool) -> int | None:
        """Count the sentences before ``at``; ``final`` if something that is no prose stands there."""
        prose, done = self._text[:at], 0
        for begin, end in words(prose):
            rest = prose[end:].lstrip()
            if not rest and not final:
                break
            is_end = ending(prose[begin:end], rest[:1] or "`", first=self._first) is Ending.SENTENCE
            self._first = is_end
            self._left -= is_end
            if not self._left:
                return self._settled + end
            done = end
        self._settle(at if final else done)
        return None

    def _settle(self, characters: int) -> None:
        self._text = self._text[characters:]
        self._settled += characters
