"""Turns any 16-bit sound stream into the face's frames; shared by the examples beside it."""

from __future__ import annotations

import numpy as np
import soxr

from avatar import FRAME_SAMPLES, SAMPLE_RATE
from avatar.animator import FloatArray


class Ear:
    """One voice, on its way to the face: 16-bit PCM at any rate in, 640 samples at 16 kHz out.

    ``limit`` is the most seconds that wait to be heard; beyond it the oldest sound is forgotten.
    """

    def __init__(self, limit: float = 60.0) -> None:
        self._limit = int(limit * SAMPLE_RATE)
        self._rate: int | None = None
        self._resampler: soxr.ResampleStream | None = None
        self._waiting = np.zeros(0, dtype=np.float32)

    def hear(self, pcm: bytes, rate: int, channels: int = 1) -> None:
        """Take interleaved 16-bit PCM; a new rate starts a new resampler."""
        sound = np.frombuffer(pcm, dtype=np.int16).reshape(-1, channels).mean(axis=1) / 32_768
        if rate != self._rate:
            self._rate = rate
            self._resampler = (
                None if rate == SAMPLE_RATE else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
            )
        heard = sound.astype(np.float32)
        if self._resampler is not None:
            heard = self._resampler.resample_chunk(heard)
        self._waiting = np.concatenate([self._waiting, heard])[-self._limit :]

    def frame(self) -> FloatArray:
        """The next 40 ms, float32 (640,); what hasn't come is silence."""
        taken, self._waiting = self._waiting[:FRAME_SAMPLES], self._waiting[FRAME_SAMPLES:]
        frame = np.zeros(FRAME_SAMPLES, dtype=np.float32)
        frame[: len(taken)] = taken
        return frame

    def forget(self) -> None:
        """Drop what waits."""
        self._waiting = self._waiting[:0]
