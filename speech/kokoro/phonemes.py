# ruff: noqa: RUF001, RUF003 - these are phonetic letters
"""Text to the symbols that Kokoro was trained on, each with the token it voices.

Kokoro's letters are nearly IPA: diphthongs and affricates are one letter each, an American vowel has no
length. From espeak-ng's IPA they're made as misaki, its own text reader, makes them for words that its
dictionary lacks (https://github.com/hexgrad/misaki, ``espeak.py``).
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Mapping, Sequence

from speech.coqui.phonemes import SILENT, Symbols, owned_symbols
from speech.espeak import Espeak
from speech.spoken_text import Token

logger = logging.getLogger(__name__)

_ENDS = 0  # the id that stands before the first symbol and after the last
_SYLLABIC = "\u0329"
_NASAL = "\u0303"
# The longer first, so that what is left of "eɪ" isn't taken for a lone "e".
_BOTH = (
    ("aɪ", "I"),
    ("aʊ", "W"),
    ("eɪ", "A"),
    ("ɔɪ", "Y"),
    ("dʒ", "ʤ"),
    ("tʃ", "ʧ"),
    (f"ʔn{_SYLLABIC}", "tᵊn"),
    (f"ʔˌn{_SYLLABIC}", "tᵊn"),
    ("ɚ", "əɹ"),
    ("ɾ", "T"),
    ("ʔ", "t"),
    ("ɬ", "l"),
    ("r", "ɹ"),
    ("x", "k"),
    ("ç", "k"),
    ("ʲ", ""),
    (_NASAL, ""),
)
_AMERICAN = (("oʊ", "O"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪə", "iə"), ("ː", ""))
_BRITISH = (("əʊ", "Q"), ("eə", "ɛː"), ("iə", "ɪə"))
_LAST = (("ɐ", "ə"), ("e", "A"), ("o", "ɔ"))
_SYLLABIC_L = re.compile(r"əl(?![ˈˌaeiouæɑɐɒɔəɛɜɪʊʌᵻIWAYOQ])")
_SYLLABIC_OTHER = re.compile(rf"(\S){_SYLLABIC}")


def from_ipa(ipa: str, *, british: bool) -> str:
    """Kokoro's letters for espeak-ng's ``ipa`` (of ``en-us``, or of ``en-gb`` where ``british``)."""
    letters = unicodedata.normalize("NFC", ipa)
    for old, new in (*_BOTH, *(_BRITISH if british else _AMERICAN), *_LAST):
        letters = letters.replace(old, new)
    letters = _SYLLABIC_OTHER.sub(r"ᵊ\1", letters).replace(_SYLLABIC, "")
    return _SYLLABIC_L.sub("ᵊl", letters)


class KokoroEncoder:
    """Turns tokens into ids by the model's ``vocabulary``; an unknown symbol is told once, and left out."""

    def __init__(self, espeak: Espeak, vocabulary: Mapping[str, int]) -> None:
        self._espeak = espeak
        self._vocabulary = vocabulary
        self._unknown: set[str] = set()

    def encode(self, tokens: Sequence[Token], language: str) -> Symbols:
        """The ids of one piece read in ``language`` (``en-us``, ``en-gb``); only the ends when nothing in it
        can be voiced.
        """
        british = language == "en-gb"
        ids, owners = [_ENDS], [SILENT]
        for symbol, owner in owned_symbols(
            tokens, lambda text: from_ipa(self._espeak.phonemize(text, language), british=british)
        ):
            known = self._vocabulary.get(symbol)
            if known is None:
                self._report(symbol)
                continue
            ids.append(known)
            owners.append(owner)
        return Symbols((*ids, _ENDS), (*owners, SILENT))

    def _report(self, symbol: str) -> None:
        if symbol not in self._unknown:
            self._unknown.add(symbol)
            logger.warning("Kokoro has no sound for the symbol %r; it is left out", symbol)
