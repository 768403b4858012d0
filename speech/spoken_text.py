# ruff: noqa: RUF001 - the ambiguous characters are the ones people type
"""From written text to what a voice says: each written token keeps the words spoken for it.

Written text is full of things that aren't words: "$5", "10:30", "https://example.com", **marks**, emoji. A
token is one whitespace-separated part of the text; :func:`read_tokens` gives each its spoken form, so that
timing found on the sound can be told in the writer's own tokens. What can't be spoken is kept with its
neighbour's token and not said.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from speech.spoken_forms import ENGLISH_RULES, Context, Rule, split_camel_case, spoken_form, starts_block

PAUSES = ",;:.!?"  # punctuation that a voice hears as a pause or a tone
SENTENCE_ENDS = ".!?"
_INVISIBLE = ("Cf", "Cc", "Cs", "Co", "Cn")  # joiners, controls, surrogates, private and unassigned
_SPOKEN = re.compile(rf"([{re.escape(PAUSES)}]+)")
_PAUSE_FOR = str.maketrans(
    {"…": ".", "。": ".", "！": "!", "？": "?", "，": ",", "；": ";", "：": ":", "、": ","}
)


@dataclass(frozen=True, slots=True)
class Token:
    """One written token, with any unspeakable neighbours, and what is said for it (words and pause marks)."""

    text: str
    spoken: str

    @property
    def ends_sentence(self) -> bool:
        return self.spoken[-1:] in SENTENCE_ENDS

    @property
    def ends_clause(self) -> bool:
        return self.spoken[-1:] in PAUSES


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words said in one go, each run with the index of its token, and the pause mark after them (or none)."""

    words: tuple[tuple[int, str], ...]
    pause: str


def read_tokens(text: str, language: str = "en") -> tuple[Token, ...]:
    """Split ``text`` into tokens with their spoken forms; empty when nothing in it can be spoken.

    The tokens' texts, joined by spaces, are the text with its whitespace collapsed. Numbers, dates, money and
    abbreviations become words where ``language`` is English; other languages leave them to the voice's own
    rules.
    """
    lines = [[part for part in map(_without_controls, line.split()) if part] for line in text.splitlines()]
    written = [part for line in lines for part in line]
    rules = ENGLISH_RULES if language.lower().split("-")[0] == "en" else ()
    spoken: list[str] = []
    for number, line in enumerate(lines):
        for column, part in enumerate(line):
            at = len(spoken)
            context = Context(
                before=written[at - 1] if at else "",
                after=written[at + 1] if at + 1 < len(written) else "",
                starts_line=column == 0,
            )
            said = _settled(_spoken(part, context, rules), rules)
            if (
                column == len(line) - 1
                and said[-1:] not in PAUSES
                and _breaks(lines[number + 1 : number + 2])
            ):
                said += "."
            spoken.append(said)
    return tuple(_gather(written, spoken))


def spoken_text(text: str, language: str = "en") -> str:
    """What is said for ``text``: words and pause marks only. Saying that again changes nothing."""
    return " ".join(token.spoken for token in read_tokens(text, language))


def phrases(tokens: Sequence[Token]) -> list[Phrase]:
    """The phrases of a piece: runs of words between pause marks."""
    result: list[Phrase] = []
    words: list[tuple[int, str]] = []
    for index, token in enumerate(tokens):
        for part in _SPOKEN.split(token.spoken):
            said = part.strip()
            if not said:
                continue
            if said[0] in PAUSES:
                if words:
                    result.append(Phrase(tuple(words), said[-1]))
                    words = []
            else:
                words.append((index, said))
    if words:
        result.append(Phrase(tuple(words), ""))
    return result


def split_pieces(
    tokens: Sequence[Token], *, longest: int = 160, first_longest: int = 60
) -> list[tuple[Token, ...]]:
    """Cut tokens into pieces that a voice can say well: sentences, cut at clauses where they are long.

    ``longest`` bounds a piece's spoken characters; a longer token goes on in tokens without text. A first
    sentence longer than ``first_longest`` is begun with its first clauses, so that sound starts early.
    """
    pieces: list[tuple[Token, ...]] = []
    sentence: list[Token] = []
    bounded = [part for token in tokens for part in _bounded(token, longest)]
    for at, token in enumerate(bounded):
        sentence.append(token)
        if token.ends_sentence or at == len(bounded) - 1:
            while sentence:
                limit = longest if pieces else min(first_longest, longest)
                cut = _cut(sentence, limit, longest)
                pieces.append(tuple(sentence[:cut]))
                sentence = sentence[cut:]
    return pieces


def _bounded(token: Token, longest: int) -> list[Token]:
    """The token, cut at its spoken spaces (or anywhere, if it has none) where it's too long to be said at
    once.
    """
    parts = textwrap.wrap(token.spoken, longest, break_on_hyphens=False)
    return [Token(token.text if not at else "", part) for at, part in enumerate(parts)]


def _cut(sentence: Sequence[Token], limit: int, longest: int) -> int:
    """How many tokens of ``sentence`` make the next piece."""
    lengths: list[int] = []
    for token in sentence:
        lengths.append((lengths[-1] + 1 if lengths else 0) + len(token.spoken))
    if lengths[-1] <= limit:
        return len(sentence)
    clauses = [at + 1 for at, token in enumerate(sentence) if token.ends_clause and lengths[at] <= limit]
    if clauses and lengths[clauses[-1] - 1] >= 8:  # a clause of its own, not a lone "Well,"
        return clauses[-1]
    if lengths[-1] <= longest:
        return len(sentence)
    clauses = [at + 1 for at, token in enumerate(sentence) if token.ends_clause and lengths[at] <= longest]
    if clauses:
        return clauses[-1]
    return max(1, sum(length <= longest for length in lengths))


def _gather(written: Iterable[str], spoken: Iterable[str]) -> list[Token]:
    """Tokens with a spoken form, each taking the silent ones after it (the first also those before it)."""
    result: list[Token] = []
    before: list[str] = []
    for text, said in zip(written, spoken, strict=True):
        if any(symbol.isalnum() for symbol in said):
            result.append(Token(" ".join([*before, text]), said))
            before = []
        elif result:
            last = result[-1]
            pause = said if said and not last.ends_clause else ""
            result[-1] = Token(f"{last.text} {text}", last.spoken + pause[:1])
        else:
            before.append(text)
    return result


def _breaks(following: Sequence[Sequence[str]]) -> bool:
    """Does a line end what it says? A blank line or a list item after it does; a mere line wrap doesn't."""
    return bool(following) and (not following[0] or starts_block(following[0][0]))


def _spoken(part: str, context: Context, rules: Sequence[Rule]) -> str:
    """What is said for one written token: words, spaces, apostrophes, hyphens and pause marks."""
    visible = "".join(symbol for symbol in part if unicodedata.category(symbol) not in _INVISIBLE)
    said = spoken_form(visible, context, rules).translate(_PAUSE_FOR)
    said = unicodedata.normalize("NFC", _without_stray_marks("".join(map(_speakable, said))))
    said = re.sub(r"(?<!\w)['-]+|['-]+(?!\w)", " ", said)  # apostrophes and hyphens only inside words
    said = re.sub(rf"\s*([{re.escape(PAUSES)}])[\s{re.escape(PAUSES)}]*", _one_pause, said)
    if not any(map(str.isalnum, said)):
        return said.strip()[:1]
    said = " ".join(said.split()).lstrip(PAUSES + " ")
    return split_camel_case(said) if rules else said


def _settled(said: str, rules: Sequence[Rule]) -> str:
    """What is said, once words that the rules brought to light are read too: "0DR." is "zero DR."."""
    alone = Context(before="", after="", starts_line=False)
    for _ in range(3):
        again = " ".join(_spoken(word, alone, rules) for word in said.split())
        if again == said:
            break
        said = again
    return said


def _one_pause(match: re.Match[str]) -> str:
    """Several marks in a row ("?!...") sound like the strongest of them."""
    return max(match.group(), key=lambda mark: ",;:.!?".find(mark)) + " "


def _speakable(symbol: str) -> str:
    if symbol in PAUSES or symbol in "'-":
        return symbol
    if symbol in "’ʼ＇`´":
        return "'"
    category = unicodedata.category(symbol)
    if category[0] in "LM" or category == "Nd":
        return symbol
    return "" if category in _INVISIBLE else " "


def _without_stray_marks(text: str) -> str:
    """Accents stay on letters only."""
    kept = ""
    for symbol in text:
        if unicodedata.category(symbol)[0] != "M" or (kept and unicodedata.category(kept[-1])[0] in "LM"):
            kept += symbol
    return kept


def _without_controls(part: str) -> str:
    """Bidirectional marks stay in the text; control characters and lone surrogates are no part of it."""
    return "".join(symbol for symbol in part if unicodedata.category(symbol) not in ("Cc", "Cs"))
