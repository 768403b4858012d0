"""What every speech recogniser offers, and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

RECOGNIZER_SAMPLE_RATE = 16_000  # samples a second, mono


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; ``start`` and ``end`` are seconds from the first sample, ``probability`` 0..1."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard in one stretch of sound.

    ``text`` is empty when nothing was said; ``rejected`` then names the guard that emptied it
    (``silence``, ``hallucination``, ``loop``) or is empty. ``compute`` is the model's own time in seconds.
    """

    text: str
    words: tuple[Word, ...] = ()
    language: str = "en"
    rejected: str = ""
    compute: float = 0.0


class Recognizer(Protocol):
    """Turns speech into text without blocking the event loop."""

    async def transcribe(self, pcm: NDArray[np.float32], *, words: bool = True) -> Transcript:
        """Transcribe float32 mono ``pcm`` of shape (samples,), 16 kHz, -1..1.

        ``words=False`` skips word times, which is faster (partial results). Cancelling the awaiting task
        stops the decoding within one token, so that a newer request never waits for a stale one.
        """
        ...


@runtime_checkable
class HearsLanguages(Protocol):
    """What some recognisers can do besides: hear one utterance in another language than they were set to."""

    async def transcribe_in(
        self, language: str, pcm: NDArray[np.float32], *, words: bool = True
    ) -> Transcript:
        """Like ``Recognizer.transcribe``, in ``language`` (ISO 639-1); raises ``RuntimeError`` or
        ``ValueError`` where the model doesn't know it.
        """
        ...
