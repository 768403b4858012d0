"""Text to the symbols that a VITS voice in ONNX (Piper's layout) was trained on, each with the token it
voices.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from speech.coqui.alignment import gaps_to_next, owners
from speech.espeak import Espeak
from speech.spoken_text import PAUSES, Token, phrases

logger = logging.getLogger(__name__)

SILENT = -1  # owner of a symbol that voices no token: punctuation, the gaps around it, the ends
PAD, BEGIN, END = "_", "^", "$"


@dataclass(frozen=True, slots=True)
class Symbols:
    """A piece as model input: symbol ``ids`` and, for each, the ``owners`` token index or ``SILENT``."""

    ids: tuple[int, ...]
    owners: tuple[int, ...]


class PhonemeEncoder:
    """Turns tokens into ids by a voice's ``phoneme_id_map``, with ``_`` between symbols and ``^``, ``$`` at
    the ends.

    Symbols are espeak-ng's IPA in Unicode NFD, as in https://github.com/rhasspy/piper-phonemize.
    """

    def __init__(self, espeak: Espeak, language: str, ids: Mapping[str, Sequence[int]]) -> None:
        self._espeak = espeak
        self._language = language
        self._ids = {unicodedata.normalize("NFD", symbol): tuple(value) for symbol, value in ids.items()}
        self._unknown: set[str] = set()

    def encode(self, tokens: Sequence[Token]) -> Symbols:
        """The ids of one piece; only the ends when nothing in it can be voiced."""
        ids: list[int] = [*self._ids[BEGIN], *self._ids[PAD]]
        owner_of: list[int] = [SILENT] * len(ids)
        for symbol, owner in owned_symbols(tokens, self._ipa):
            known = self._ids.get(symbol)
            if known is None:
                self._report(symbol)
                continue
            added = (*known, *self._ids[PAD])
            ids += added
            owner_of += [owner] * len(added)
        ids += self._ids[END]
        owner_of += [SILENT] * len(self._ids[END])
        return Symbols(tuple(ids), tuple(owner_of))

    def _report(self, symbol: str) -> None:
        if symbol not in self._unknown:
            self._unknown.add(symbol)
            logger.warning("the voice has no sound for the symbol %r; it is left out", symbol)

    def _ipa(self, text: str) -> str:
        return unicodedata.normalize("NFD", self._espeak.phonemize(text, self._language))


def owned_symbols(tokens: Sequence[Token], ipa: Callable[[str], str]) -> list[tuple[str, int]]:
    """Every symbol of a piece with the index of the token it voices, or ``SILENT``: pause marks, and the gaps
    between phrases. ``ipa`` writes the words of a phrase, split by spaces, in the voice's own symbols.
    """
    result: list[tuple[str, int]] = []
    for phrase in phrases(tokens):
        alone = [ipa(words) for _, words in phrase.words]
        together = ipa(" ".join(words for _, words in phrase.words))
        if together:
            if result:
                result.append((" ", SILENT))
            indices = [token for token, _ in phrase.words]
            owned = gaps_to_next(together, owners(alone, together))
            result += [(symbol, indices[owner]) for symbol, owner in zip(together, owned, strict=True)]
        if phrase.pause and phrase.pause in PAUSES and result:
            result.append((phrase.pause, SILENT))
    return result
