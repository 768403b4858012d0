"""What every kind of voice offers to the synthesiser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from speech.coqui.config import CoquiConfig
from speech.manner import PLAIN, Manner
from speech.spoken_text import Token

FloatArray = NDArray[np.float32]

# VITS rounds the length of every symbol up to whole frames, the blanks between them too, so that near the
# voice's own pace its speech lasts only scale ** .4 as long (the packaged voice, scales from .9 to 1.15).
VITS_FOLLOWS = 0.4


@dataclass(frozen=True, slots=True)
class TokenTime:
    """When one token of a piece sounds; seconds from the piece's first sample at the voice's own rate and
    pace.
    """

    token: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class VoicedSound:
    """A stretch of speech: float32 mono ``pcm`` of shape (samples,), and the times that came to be known with
    it: at least those of the tokens that begin up to its end.

    ``last`` says that the piece ends here; a model that can't tell leaves it false and just stops.
    """

    pcm: FloatArray
    times: tuple[TokenTime, ...] = ()
    last: bool = False


class Voice(Protocol):
    """A loaded text-to-speech model; called from one thread at a time."""

    sample_rate: int  # samples a second
    language: str  # of the text it reads, e.g. en-us
    exclusive: bool  # one piece must be finished or closed before the next begins (state inside the model)
    paces: bool  # its pace can be changed, and its pitch with it

    def speak(self, tokens: tuple[Token, ...], seed: int, manner: Manner = PLAIN) -> Iterator[VoicedSound]:
        """Speak one piece, in one stretch or, where the model streams, several; each step is one model call.

        The sound is ``manner.stretch`` times as long as it would be, if the voice ``paces``; its pitch is
        raised later. Together the stretches time every token once, in order. The same tokens, seed and manner
        give the same sound. Raises ``SynthesisError`` when the model can't say them.
        """
        ...

    def variant(self, config: CoquiConfig) -> Voice:
        """Another voice of the same model, which is not loaded again: its speaker, pace, pitch, language.

        ``config`` differs in nothing else. The loaded model must outlive it. Raises ``VoiceError`` for what
        the model can't do.
        """
        ...

    def close(self) -> None:
        """Give the model's memory back."""
        ...
