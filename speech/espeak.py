"""espeak-ng's letter-to-sound rules, straight from its shared library: text in, IPA out."""

from __future__ import annotations

import ctypes
import functools
import os
import re
import tempfile
import threading
from pathlib import Path
from typing import ClassVar

import espeakng_loader

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_PHONEMES_IPA = 2
_LONGEST_DATA_PATH = 120  # bytes; espeak-ng keeps the path in a buffer of 160 and appends voice names to it
_LANGUAGE_SWITCH = re.compile(r"\([a-z]{2,3}(?:-[a-z0-9-]+)?\)")  # espeak marks loan words as "(en)...(fr)"


class EspeakError(RuntimeError):
    """espeak-ng can't be loaded or doesn't know the language; the message names the remedy."""


class _VoiceProperties(ctypes.Structure):
    """``espeak_VOICE`` of speak_lib.h."""

    _fields_: ClassVar = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    ]


class Espeak:
    """One loaded espeak-ng library.

    The library keeps its state in globals, so a process needs one instance (see :func:`shared_espeak`) and
    every call holds its lock. No ``espeak-ng`` program has to be installed.
    """

    def __init__(self, library: Path | None = None, data: Path | None = None) -> None:
        library = library or Path(espeakng_loader.get_library_path())
        data = data or Path(espeakng_loader.get_data_path())
        try:
            self._library = ctypes.CDLL(str(library))
        except OSError as error:
            raise EspeakError(
                f"espeak-ng's library {library} can't be loaded ({error}); "
                "reinstall the package espeakng-loader"
            ) from error
        self._declare()
        self._short_path: tempfile.TemporaryDirectory[str] | None = None
        rate = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, 0, os.fsencode(self._within_limit(data)), _INITIALIZE_DONT_EXIT
        )
        if rate <= 0:
            raise EspeakError(
                f"espeak-ng finds no voices in {data} (code {rate}); reinstall the package espeakng-loader"
            )
        self._lock = threading.Lock()
        self._language = ""

    def _declare(self) -> None:
        self._library.espeak_Initialize.argtypes = [
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_int,
        ]
        self._library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
        self._library.espeak_SetVoiceByProperties.argtypes = [ctypes.POINTER(_VoiceProperties)]
        self._library.espeak_TextToPhonemes.argtypes = [
            ctypes.POINTER(ctypes.c_char_p),
            ctypes.c_int,
            ctypes.c_int,
        ]
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._library.espeak_Info.argtypes = [ctypes.POINTER(ctypes.c_char_p)]
        self._library.espeak_Info.restype = ctypes.c_char_p

    def _within_limit(self, data: Path) -> Path:
        """A path to ``data`` that fits into espeak-ng's buffer: itself, or a link with a short name."""
        if len(os.fsencode(data)) <= _LONGEST_DATA_PATH:
            return data
        self._short_path = tempfile.TemporaryDirectory(prefix="espeak-", ignore_cleanup_errors=True)
        link = Path(self._short_path.name) / "espeak-ng-data"
        link.symlink_to(data.resolve(), target_is_directory=True)
        return link

    def phonemize(self, text: str, language: str) -> str:
        """The IPA of ``text`` spoken in ``language`` (an espeak-ng voice such as ``en-us``), words split by
        spaces.

        Punctuation is dropped; stress marks stay. Raises ``EspeakError`` if the language is unknown.
        """
        clauses: list[str] = []
        rest = ctypes.c_char_p(text.replace("\0", " ").encode("utf-8", errors="ignore"))
        with self._lock:
            self._select(language)
            for _ in range(len(text) + 1):  # each call consumes at least one character
                if rest.value is None:
                    break
                spoken = self._library.espeak_TextToPhonemes(ctypes.byref(rest), _CHARS_UTF8, _PHONEMES_IPA)
                clauses.append((spoken or b"").decode("utf-8", errors="ignore"))
        joined = _LANGUAGE_SWITCH.sub("", " ".join(clauses))
        return " ".join(joined.replace("_", "").split())

    def _select(self, language: str) -> None:
        if language == self._language:
            return
        name = language.encode("utf-8", errors="ignore")
        wanted = _VoiceProperties(languages=name)  # where no file is called so: fr-fr is in the file "fr"
        if (
            self._library.espeak_SetVoiceByName(name) != 0
            and self._library.espeak_SetVoiceByProperties(ctypes.byref(wanted)) != 0
        ):
            self._language = ""
            raise EspeakError(
                f"espeak-ng has no voice {language!r}; use a language such as en-us, en-gb, de or fr-fr"
            )
        self._language = language

    @property
    def version(self) -> str:
        """Version of the library, such as ``1.52.0``."""
        words = (self._library.espeak_Info(None) or b"").decode("ascii", errors="ignore").split()
        return words[0] if words else "unknown"


@functools.cache
def shared_espeak() -> Espeak:
    """The process's one espeak-ng."""
    return Espeak()
