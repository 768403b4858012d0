"""Tells a reply in another language than the conversation's, before a voice mangles it."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

MIN_WORDS = 4  # fewer tell too little about a language that shares the script
MIN_LETTERS = 2  # of another script
SURE = 0.8  # probability from which a language counts as told
# Told apart by their words; among fewer languages short clauses are surer.
_LATIN = (
    *("ca", "cs", "da", "de", "en", "es", "fi", "fr", "hr", "hu"),
    *("id", "it", "nl", "pl", "pt", "ro", "sk", "sv", "tr", "vi"),
)
_SCRIPTS = {  # of languages that aren't written in Latin letters
    "CYRILLIC": ("ru", "uk", "bg", "sr", "mk", "be", "kk", "mn"),
    "GREEK": ("el",),
    "ARABIC": ("ar", "fa", "ur", "ps"),
    "HEBREW": ("he", "yi"),
    "DEVANAGARI": ("hi", "mr", "ne", "sa"),
    "BENGALI": ("bn", "as"),
    "TAMIL": ("ta",),
    "THAI": ("th",),
    "HANGUL": ("ko",),
    "HIRAGANA": ("ja",),
    "KATAKANA": ("ja",),
    "CJK": ("zh", "ja", "ko", "yue"),
    "ARMENIAN": ("hy",),
    "GEORGIAN": ("ka",),
}
_NOT_LATIN = {language for languages in _SCRIPTS.values() for language in languages}


class LanguageJudge:
    """Names the language of a clause where it is sure; by its script at first, by its words once loaded."""

    def __init__(self) -> None:
        self._identifier: Any = None

    def load(self) -> None:
        """Read the n-gram model of py3langid, 4 MB, which takes a second or two: not on an event loop."""
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        self._identifier.set_languages(_LATIN)

    def told(self, text: str, language: str) -> str | None:
        """The language of ``text`` (``language`` if it may be that one), None if it is too short to tell."""
        expected = language.lower().split("-")[0]
        letters = [symbol for symbol in text if symbol.isalpha()]
        scripts = [_script(symbol) for symbol in letters]
        foreign = [script for script in scripts if script and expected not in _SCRIPTS[script]]
        if len(foreign) >= MIN_LETTERS and len(foreign) > len(letters) / 2:
            return _SCRIPTS[max(set(foreign), key=foreign.count)][0]
        if expected in _NOT_LATIN:
            return expected if any(scripts) else None  # Latin letters may be a name, which its voice can read
        if self._identifier is None or expected not in _LATIN or len(text.split()) < MIN_WORDS:
            return None
        found, probability = self._identifier.classify(text)
        return str(found) if probability >= SURE else None


@cache
def shared_judge() -> LanguageJudge:
    """The one judge of this process."""
    return LanguageJudge()


def _script(symbol: str) -> str:
    """The script of a letter, empty for Latin and for those that aren't listed here."""
    name = unicodedata.name(symbol, "").split(" ", 1)[0].split("-", 1)[0]
    return name if name in _SCRIPTS else ""
