"""What every speech synthesiser offers, and what it returns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from speech.manner import Manner

SYNTHESIZER_SAMPLE_RATE = 24_000  # samples a second, mono


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One word as the listener hears it; seconds from the first sample of the text it belongs to."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class SpeechChunk:
    """A piece of synthesised speech.

    ``pcm`` is float32 mono of shape (samples,), 24 kHz, -1..1. ``words`` are the words that *begin* in this
    chunk, timed from the start of the whole text. ``compute`` is the model's own seconds for this chunk.
    """

    pcm: NDArray[np.float32]
    words: tuple[SpokenWord, ...] = ()
    compute: float = 0.0


class Synthesizer(Protocol):
    """Turns text into speech without blocking the event loop."""

    def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[SpeechChunk]:
        """Speak ``text`` (usually one clause) chunk by chunk; nothing speakable yields no chunk.

        ``voice`` is one of the names that the synthesiser was configured with; None is its default voice.

        Closing the iterator (``aclose``) or cancelling the task stops the work at the next model call.
        """
        ...


@runtime_checkable
class SpeaksInManners(Protocol):
    """What some synthesisers can do besides: say one text faster, higher or softer than another."""

    def synthesize_in(
        self, manner: Manner, text: str, voice: str | None = None
    ) -> AsyncIterator[SpeechChunk]:
        """Like ``Synthesizer.synthesize``, in ``manner``, as far as the model can change what it does."""
        ...
