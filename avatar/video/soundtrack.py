"""Both voices as one stereo track, piece by piece: the user towards the left, the agent towards the right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import soxr

from avatar.animator import FloatArray
from avatar.video.film import Film, Side

SAMPLE_RATE: Final = 48_000  # Hz
NEAR, FAR = 0.66, 0.34  # of each voice on its own and on the other side; they add up to 1, so nothing clips
_BLOCK: Final = 0.5  # seconds of sound resampled at a time


class _Voice:
    """One side's sound at the track's rate, as much as is asked for, then silence."""

    def __init__(self, side: Side) -> None:
        self._sound = side.sound.astype(np.float32, copy=False)
        self._stream = soxr.ResampleStream(side.sample_rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
        self._step = max(1, int(_BLOCK * side.sample_rate))
        self._taken = 0
        self._ended = False
        self._ready = np.zeros(0, np.float32)

    def take(self, samples: int) -> FloatArray:
        while len(self._ready) < samples and not self._ended:
            piece = self._sound[self._taken : self._taken + self._step]
            self._taken += len(piece)
            self._ended = self._taken >= len(self._sound)
            new = self._stream.resample_chunk(np.ascontiguousarray(piece), last=self._ended)
            self._ready = np.concatenate((self._ready, new))
        given, self._ready = self._ready[:samples], self._ready[samples:]
        return np.pad(given, (0, samples - len(given)))


def soundtrack(film: Film, frames: int, fps: int) -> Iterator[FloatArray]:
    """The sound of every video frame in turn, float32 (2, samples) at 48 kHz; together exactly ``frames``
    frames long.
    """
    user, agent = _Voice(film.user), _Voice(film.agent)
    for frame in range(frames):
        samples = (frame + 1) * SAMPLE_RATE // fps - frame * SAMPLE_RATE // fps
        left, right = user.take(samples), agent.take(samples)
        yield np.stack((NEAR * left + FAR * right, FAR * left + NEAR * right)).astype(np.float32)
