"""What espeak-ng hands over while it speaks: samples, and which phoneme begins at which of them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

_LIST_TERMINATED, _PHONEME = 0, 7  # espeak_EVENT_TYPE
_STRESS = str.maketrans("", "", "ˈˌ")


@dataclass(frozen=True, slots=True)
class TimedPhoneme:
    """One phoneme in IPA without stress, empty for a pause; seconds from the first sample."""

    ipa: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class EspeakSound:
    """``pcm`` float32 (samples,), -1..1, at espeak-ng's rate, and the phonemes that cover it in order.

    An unvoiced stop begins at its burst: the closure before it counts to the phoneme before.
    """

    pcm: NDArray[np.float32]
    phonemes: tuple[TimedPhoneme, ...]


class _Id(ctypes.Union):
    _fields_: ClassVar = [
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    ]


class _Event(ctypes.Structure):
    """``espeak_EVENT`` of speak_lib.h."""

    _fields_: ClassVar = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


SynthCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class SoundCollector:
    """Receives one text's sound; give ``callback`` to ``espeak_SetSynthCallback``."""

    def __init__(self) -> None:
        self._pieces: list[NDArray[np.int16]] = []
        self._begins: list[tuple[str, int]] = []
        self.callback = SynthCallback(self._receive)

    def _receive(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        at = 0
        while events and events[at].type != _LIST_TERMINATED:
            if events[at].type == _PHONEME:
                ipa = bytes(events[at].id.string).decode("utf-8", errors="ignore")
                self._begins.append((ipa.translate(_STRESS), events[at].sample))
            at += 1
        return 0  # go on

    def sound(self, sample_rate: int) -> EspeakSound:
        """What was received."""
        pcm = np.concatenate([np.zeros(0, dtype=np.int16), *self._pieces])
        ends = [sample for _, sample in self._begins[1:]] + [len(pcm)]
        phonemes = tuple(
            TimedPhoneme(ipa, begin / sample_rate, end / sample_rate)
            for (ipa, begin), end in zip(self._begins, ends, strict=False)
            if end > begin
        )
        return EspeakSound(pcm.astype(np.float32) / np.float32(32768), phonemes)
