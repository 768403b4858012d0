"""When words sound in speech that is still being generated: an estimate that follows the sound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from speech.coqui.voice import FloatArray, TokenTime
from speech.spoken_text import Token

_SECONDS_PER_LETTER = 0.065  # of sounding speech at a calm pace: about 15 letters a second
_BLOCK = 0.01  # seconds of one loudness measurement
_QUIET = 0.03  # of the loudest block so far; below it nothing is being said
_FLOOR = 1e-4  # of full scale; quieter than any voice


class StreamedTiming:
    """Places words by their letters on the sounding part of a stream; what is left at the end fills what was
    heard.

    ``pace`` stretches the expected length of a letter.
    """

    def __init__(self, tokens: Sequence[Token], sample_rate: int, pace: float = 1.0) -> None:
        self._weights = [
            _SECONDS_PER_LETTER * pace * max(1, sum(map(str.isalnum, token.spoken))) for token in tokens
        ]
        self._sample_rate = sample_rate
        self._block = max(1, round(_BLOCK * sample_rate))
        self._rest: FloatArray = np.zeros(0, dtype=np.float32)
        self._blocks = 0
        self._loudest = 0.0
        self._sounding: list[int] = []  # indices of the blocks in which something is said
        self._next = 0
        self._begun = 0.0  # sounding seconds at which the next token is expected

    def follow(self, pcm: FloatArray) -> tuple[TokenTime, ...]:
        """Take the next stretch (samples,); the tokens that are expected to begin in what has been taken so
        far.
        """
        joined = np.concatenate([self._rest, pcm])
        whole = len(joined) // self._block
        self._rest = joined[whole * self._block :]
        blocks = joined[: whole * self._block].reshape(whole, self._block).astype(np.float64)
        loudness = np.sqrt(np.mean(blocks**2, axis=1))
        self._loudest = max(self._loudest, float(np.max(loudness, initial=0.0)))
        loud = loudness > max(_QUIET * self._loudest, _FLOOR)
        self._sounding += [self._blocks + int(at) for at in np.flatnonzero(loud)]
        self._blocks += whole
        said: list[TokenTime] = []
        while self._next < len(self._weights) and self._begun < len(self._sounding) * _BLOCK:
            said.append(self._place(self._weights[self._next]))
        return tuple(said)

    def finish(self) -> tuple[TokenTime, ...]:
        """The tokens that haven't begun yet, over what is left of the sound."""
        left = max(0.0, len(self._sounding) * _BLOCK - self._begun)
        share = left / max(sum(self._weights[self._next :]), 1e-9)
        said: list[TokenTime] = []
        while self._next < len(self._weights):
            said.append(self._place(self._weights[self._next] * share))
        return tuple(said)

    def _place(self, length: float) -> TokenTime:
        start, end = self._played(self._begun), self._played(self._begun + length)
        placed = TokenTime(self._next, start, max(start, end))
        self._next += 1
        self._begun += length
        return placed

    def _played(self, sounding: float) -> float:
        """Seconds of the stream at which ``sounding`` seconds of speech have been heard."""
        index = round(sounding / _BLOCK)
        if index < len(self._sounding):
            return self._sounding[index] * _BLOCK
        beyond = (index - len(self._sounding)) * _BLOCK
        return (self._sounding[-1] + 1) * _BLOCK + beyond if self._sounding else beyond
