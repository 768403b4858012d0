"""Reads a streaming reply for a voice: clauses to be said, and what is shown instead of being read out."""

from __future__ import annotations

from dataclasses import dataclass

from agents.blocks import Block, BlockKind, BlockSplitter
from agents.clauses import ClauseSplitter
from agents.reply_language import LanguageJudge
from agents.words import Ending, ending, weight, words

OTHER_LANGUAGE = "other_language"
CUT_SHORT = "cut_short"
CUT = "…"  # ends a reply that was stopped in the middle of a sentence
_LOOSE_ENDS = " ,;:-–—…、，；："  # noqa: RUF001 -- the punctuation of other scripts is meant


@dataclass(frozen=True, slots=True)
class Reading:
    """How replies are read."""

    language: str = "en"  # of the voice, a BCP 47 tag
    max_words: int = 120  # said in one reply
    code: str = "I've put the code on screen."  # said instead of a block of code
    table: str = "I've put the table on screen."  # said instead of a table
    judge: LanguageJudge | None = None  # None: every language is said


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of the reply: its ``text`` as written, and what is ``said`` for it (empty: it is only shown).

    ``kind`` names what isn't plain speech: ``code``, ``table``, ``thoughts``, ``tools``, ``other_language``,
    ``cut_short``.
    """

    text: str
    said: str
    kind: str = ""

    @property
    def shown(self) -> bool:
        """Whether it is for the user at all."""
        return self.kind not in (BlockKind.THOUGHTS, BlockKind.TOOLS)


class ReplyReader:
    """Turns the pieces of one reply into clauses; ``full`` once it has said as much as it may.

    ``spoken=False`` is for replies that the user reads: of those only thoughts and tags are left out.
    """

    def __init__(self, reading: Reading | None = None, *, spoken: bool = True) -> None:
        self._reading = reading or Reading()
        self._spoken = spoken
        self._blocks = BlockSplitter()
        self._clauses = ClauseSplitter()
        self._words = 0.0
        self._announced: set[BlockKind] = set()
        self._foreign: str | None = None  # the language of a reply that isn't in the voice's; empty: it is
        self.full = False

    def feed(self, delta: str) -> list[Clause]:
        """Take a piece of the reply; returns the clauses that are now complete."""
        return self._read(self._blocks.feed(delta))

    def flush(self) -> list[Clause]:
        """The reply is over: returns what remains."""
        clauses = self._read(self._blocks.flush())
        return clauses + self._prose(self._clauses.flush())

    def _read(self, pieces: list[str | Block]) -> list[Clause]:
        clauses: list[Clause] = []
        for piece in pieces:
            if self.full:
                break
            if isinstance(piece, str):
                clauses += self._prose(self._clauses.feed(piece))
            else:
                if piece.kind.shown:  # what was said before a block is complete
                    clauses += self._prose(self._clauses.flush())
                clauses.append(self._block(piece))
        return clauses

    def _block(self, block: Block) -> Clause:
        if not self._spoken and block.kind.shown:
            return Clause(block.text, block.text)
        sentences = {BlockKind.CODE: self._reading.code, BlockKind.TABLE: self._reading.table}
        said = "" if block.kind in self._announced else sentences.get(block.kind, "")
        self._announced.add(block.kind)
        return Clause(block.text, said, block.kind.value)

    def _prose(self, texts: list[str]) -> list[Clause]:
        clauses = []
        for text in texts:
            if self.full:
                break
            if self._is_foreign(text):
                clauses.append(Clause(text, "", OTHER_LANGUAGE))
            else:
                clauses.append(self._within_limit(text))
        return clauses

    def _is_foreign(self, text: str) -> bool:
        """Whether the reply so far is in another language; a quotation in one that began in ours isn't."""
        if not self._spoken or self._reading.judge is None or self._foreign == "":
            return False
        told = self._reading.judge.told(text, self._reading.language)
        if told is not None:
            self._foreign = "" if told == self._reading.language.lower().split("-")[0] else told
        return bool(self._foreign)

    def _within_limit(self, text: str) -> Clause:
        spans = list(words(text))
        self._words += sum(weight(text[begin:end]) for begin, end in spans)
        if not self._spoken or self._words < self._reading.max_words:
            return Clause(text, text)
        self.full = True
        begin, end = spans[-1] if spans else (0, len(text))
        if ending(text[begin:end], "", first=False) is Ending.SENTENCE:
            return Clause(text, text)
        text = text.rstrip(_LOOSE_ENDS) + CUT
        return Clause(text, text, CUT_SHORT)
