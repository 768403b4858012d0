"""Parts of a streaming reply that aren't prose: code, tables, a model's thoughts, what it writes to tools."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from agents.tags import THOUGHTS, certain, opening, without_a_torn_tag, without_tags

MAX_BLOCK = 10_000  # characters of one block that are kept; the rest of it is dropped
INLINE_CODE = 40  # characters up to which fenced code within a line is only a name

_FENCE = re.compile(r"`{3,}")
_TABLE = re.compile(r"^[ \t]*\|", re.MULTILINE)
_NEWLINE = re.compile(r"\n")


class BlockKind(StrEnum):
    """What a block is."""

    CODE = "code"
    TABLE = "table"
    THOUGHTS = "thoughts"
    TOOLS = "tools"

    @property
    def shown(self) -> bool:
        """Whether it is for the user at all."""
        return self in (BlockKind.CODE, BlockKind.TABLE)


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a reply that is no prose, as the model wrote it (at most ``MAX_BLOCK`` characters)."""

    kind: BlockKind
    text: str


class BlockSplitter:
    """Parts the pieces of one reply into prose, passed on at once, and whole blocks.

    How the text comes in pieces changes only how the prose is cut. Code is what stands between fences of
    three or more backticks, a table is two or more lines that begin with a bar, thoughts are what a reasoning
    model puts between ``<think>`` tags, and others enclose what is meant for tools or copied from them. A
    block that never ends is given out by ``flush``. Other tags are left out of the prose.
    """

    def __init__(self) -> None:
        self._text = ""
        self._open: BlockKind | None = None
        self._fence = ""  # that opened the code
        self._closing = ""  # the tag that ends the thoughts, or the tool's part
        self._new_line = True  # the text begins on a line that is blank so far

    def feed(self, delta: str) -> list[str | Block]:
        """Take a piece of the reply; returns the prose and the blocks that are now certain."""
        self._text += delta
        return self._take(final=False)

    def flush(self) -> list[str | Block]:
        """The reply is over: returns what remains, and starts afresh."""
        pieces = self._take(final=True)
        self._text, self._open, self._new_line = "", None, True
        return pieces

    def _take(self, *, final: bool) -> list[str | Block]:
        pieces: list[str | Block] = []
        before: tuple[int, BlockKind | None] | None = None
        while self._text and before != (len(self._text), self._open):
            before = (len(self._text), self._open)
            match self._open:
                case None:
                    self._take_prose(pieces, final)
                case BlockKind.CODE:
                    self._take_code(pieces, final)
                case BlockKind.TABLE:
                    self._take_table(pieces, final)
                case BlockKind.THOUGHTS | BlockKind.TOOLS:
                    self._take_tagged(pieces, final)
        return pieces

    def _take_prose(self, pieces: list[str | Block], final: bool) -> None:
        found: list[tuple[int, BlockKind | None]] = [(len(self._text) if final else self._certain(), None)]
        if fence := _FENCE.search(self._text):
            found.append((fence.start(), BlockKind.CODE))
        if tag := opening(self._text):
            found.append((tag[0], BlockKind.THOUGHTS if tag[2].lower() in THOUGHTS else BlockKind.TOOLS))
        for table in _TABLE.finditer(self._text):
            if table.start() > 0 or self._new_line:
                found.append((table.start(), BlockKind.TABLE))
                break
        # A fence that may still grow begins where the text stops being certain: code wins such a draw.
        at, kind = min(found, key=lambda place: (place[0], place[1] is None))
        if at:
            prose = self._text[:at]
            self._pass_on(pieces, without_a_torn_tag(prose) if final and kind is None else prose)
            self._text = self._text[at:]
        if kind is BlockKind.CODE and fence is not None:
            if fence.end() - fence.start() == len(self._text) and not final:
                return  # more backticks may follow
            self._fence = fence.group()
        elif tag is not None and kind in (BlockKind.THOUGHTS, BlockKind.TOOLS):
            self._closing = f"</{tag[2]}>"
        self._open = kind

    def _certain(self) -> int:
        """How much of the text can't be the beginning of a mark."""
        return certain(self._text.rstrip("`"))

    def _take_code(self, pieces: list[str | Block], final: bool) -> None:
        end = self._text.find(self._fence, len(self._fence))
        if end < 0:
            if final:
                self._close(pieces, len(self._text))
            else:
                self._bound(len(self._fence))
            return
        inside = self._text[len(self._fence) : end]
        if "\n" not in inside and len(inside) <= INLINE_CODE:
            self._pass_on(pieces, f"`{inside.strip()}`")
            self._text, self._open = self._text[end + len(self._fence) :], None
        else:
            self._close(pieces, end + len(self._fence))

    def _take_table(self, pieces: list[str | Block], final: bool) -> None:
        end = len(self._text) if final else -1
        for newline in _NEWLINE.finditer(self._text):
            following = self._text[newline.end() :].lstrip(" \t")
            if not following and not final:
                break
            if not following.startswith("|"):
                end = newline.end()
                break
        if end < 0:
            self._bound(0)
        elif self._text[:end].strip().count("\n") and self._text.count("|", 0, end) > 3:
            self._close(pieces, end)
        else:  # a bar at the beginning of a line is no table yet
            self._text = self._text[:end].replace("|", " ") + self._text[end:]
            self._open = None

    def _take_tagged(self, pieces: list[str | Block], final: bool) -> None:
        end = self._text.find(self._closing)
        if end >= 0:
            self._close(pieces, end + len(self._closing))
        elif final:
            self._close(pieces, len(self._text))
        else:
            self._bound(len(self._closing))

    def _bound(self, tail: int) -> None:
        """Keep a block that doesn't end from growing: its beginning, and a tail that may hold its end."""
        excess = len(self._text) - MAX_BLOCK - tail
        if excess > 0:
            self._text = self._text[:MAX_BLOCK] + self._text[len(self._text) - tail :]

    def _close(self, pieces: list[str | Block], end: int) -> None:
        assert self._open is not None
        text = self._text[:end].strip()
        if self._open is BlockKind.TABLE:
            text = without_tags(text)
        if text.strip("`"):  # fences with nothing between them aren't worth a word
            pieces.append(Block(self._open, text[:MAX_BLOCK]))
        self._new_line = self._new_line or self._text[:end].endswith("\n")
        self._text, self._open = self._text[end:], None

    def _pass_on(self, pieces: list[str | Block], prose: str) -> None:
        pieces.append(without_tags(prose))
        line = prose.rsplit("\n", 1)
        blank = not line[-1].strip()
        self._new_line = blank and (len(line) > 1 or self._new_line)
