"""espeak-ng straight from its shared library: text in, IPA or sound out."""

from __future__ import annotations

import ctypes
import functools
import os
import re
import shutil
import tempfile
import threading
from pathlib import Path
from typing import ClassVar

import espeakng_loader

from speech.espeak_sound import EspeakSound, SoundCollector, SynthCallback

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_PHONEMES_IPA = 2
_POSITION_CHARACTER = 1
_RATE, _PITCH, _RANGE = 1, 3, 4  # espeak_PARAMETER
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
        self._data = data
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
        self.sample_rate = int(rate)  # samples a second of what is spoken

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
        self._library.espeak_Synth.argtypes = [
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.POINTER(ctypes.c_uint),
            ctypes.c_void_p,
        ]
        self._library.espeak_SetParameter.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int]
        self._library.espeak_SetSynthCallback.argtypes = [SynthCallback]
        self._library.espeak_SetSynthCallback.restype = None
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

    def speak(
        self, text: str, voice: str, *, words_per_minute: int = 175, pitch: int = 50, pitch_range: int = 50
    ) -> EspeakSound:
        """Speak ``text``: sound at ``sample_rate`` with its phonemes; nothing speakable gives no samples.

        ``voice`` is a language, with a speaker of espeak-ng's if one is wanted: ``en-us``, ``en-gb+f3``.
        ``pitch`` and ``pitch_range`` (how lively) are 0..99, ``words_per_minute`` 80..450. The library's
        flutter goes on from one text to the next, so the same bytes come again only from :func:`own_espeak`
        with the same texts in the same order (and not from speakers with ``breath``, such as f2, f3 and f5).
        Raises ``EspeakError`` for an unknown voice.
        """
        variant = voice.partition("+")[2]
        if variant and not (self._data / "voices" / "!v" / variant).is_file():  # espeak-ng would ignore it
            raise EspeakError(f"espeak-ng has no speaker {variant!r} ({voice}); use one such as f3 or m2")
        collector = SoundCollector()
        if not any(map(str.isalnum, text)):
            return collector.sound(self.sample_rate)
        spoken = text.replace("\0", " ").encode("utf-8", errors="ignore") + b"\0"
        with self._lock:
            self._select(voice)
            self._library.espeak_ng_SetPhonemeEvents(1, 1)  # yes, in IPA
            for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, pitch_range)):
                self._library.espeak_SetParameter(parameter, value, 0)
            self._library.espeak_SetSynthCallback(collector.callback)
            code = self._library.espeak_Synth(
                spoken, len(spoken), 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None
            )
        if code != 0:
            raise EspeakError(f"espeak-ng can't speak {text!r} (code {code}); shorten the text")
        return collector.sound(self.sample_rate)

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


def own_espeak() -> Espeak:
    """An espeak-ng apart from the process's: a copy of the library with globals of its own.

    What it speaks depends on nothing but what it spoke before. The copy stays loaded until the process ends.
    """
    source = Path(espeakng_loader.get_library_path())
    with tempfile.TemporaryDirectory(prefix="espeak-", ignore_cleanup_errors=True) as folder:
        return Espeak(library=Path(shutil.copy(source, folder)))
