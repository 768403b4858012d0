"""Lets Coqui's models use espeak-ng's library where its own wrapper needs the ``espeak-ng`` program."""

from __future__ import annotations

import functools
from pathlib import Path

import espeakng_loader
from TTS.tts.utils.text import phonemizers
from TTS.tts.utils.text.phonemizers.base import BasePhonemizer
from TTS.tts.utils.text.punctuation import Punctuation

from speech.espeak import shared_espeak

_ALIASES = {"en": "en-us", "zh-cn": "cmn"}  # the same as in Coqui's wrapper


class LibraryESpeak(BasePhonemizer):  # type: ignore[misc]
    """Coqui's ``espeak`` phonemizer on the shared library: same phonemes, no process a clause."""

    def __init__(
        self, language: str, punctuations: str = Punctuation.default_puncs(), keep_puncs: bool = True
    ) -> None:
        super().__init__(_ALIASES.get(language, language), punctuations=punctuations, keep_puncs=keep_puncs)

    @staticmethod
    def name() -> str:
        return "espeak"

    @classmethod
    def is_available(cls) -> bool:
        return True

    def version(self) -> str:
        return shared_espeak().version

    @staticmethod
    @functools.cache
    def supported_languages() -> dict[str, str]:
        """Languages by code, from the library's data."""
        voices = Path(espeakng_loader.get_data_path()) / "lang"
        return {path.name.lower(): path.name for path in sorted(voices.rglob("*")) if path.is_file()}

    def _phonemize(self, text: str, separator: str = "") -> str:
        phonemes = shared_espeak().phonemize(text, self._language)
        return phonemes if not separator else separator.join(phonemes)


def use_library_espeak() -> None:
    """Make ``espeak`` mean the library for all Coqui models opened from now on."""
    phonemizers._register_phonemizers()
    phonemizers.PHONEMIZERS[LibraryESpeak.name()] = LibraryESpeak
    for language in LibraryESpeak.supported_languages():
        phonemizers.DEF_LANG_TO_PHONEMIZER.setdefault(language, LibraryESpeak.name())
    phonemizers.DEF_LANG_TO_PHONEMIZER.setdefault("en", LibraryESpeak.name())
