"""From a model's raw sound to what is played: 24 kHz, steady level, bounded silence, no clicks; in any
chunks.
"""

from __future__ import annotations

import numpy as np
import soxr

from speech.coqui.voice import FloatArray
from speech.synthesizer import SYNTHESIZER_SAMPLE_RATE

_BLOCK = SYNTHESIZER_SAMPLE_RATE // 200  # 120 samples, 5 ms: one decision between sound and silence
_FADE = _BLOCK  # samples; long enough not to click, too short to be heard
_SILENCE = 10 ** (-42 / 20)  # RMS of full scale; speech is at -20 dBFS
_KNEE = 0.7  # of full scale; louder samples are bent towards 1
EMPTY: FloatArray = np.zeros(0, dtype=np.float32)


class Resampler:
    """A streaming resampler to 24 kHz; raises pitch and formants by taking the input to be faster."""

    def __init__(self, sample_rate: int, pitch: float = 1.0) -> None:
        rate = sample_rate * pitch
        self._soxr = (
            None
            if rate == SYNTHESIZER_SAMPLE_RATE
            else soxr.ResampleStream(rate, SYNTHESIZER_SAMPLE_RATE, 1, dtype="float32", quality="HQ")
        )

    def feed(self, pcm: FloatArray, last: bool = False) -> FloatArray:
        """Samples ready after ``pcm`` (samples,); all of them once ``last`` is set."""
        if self._soxr is None:
            return pcm
        return np.asarray(self._soxr.resample_chunk(pcm, last=last), dtype=np.float32)


class Trimmer:
    """Cuts the silence at both ends of a piece to given lengths and fades the ends; 24 kHz, any chunks.

    The silence before is at most ``leading`` seconds. The silence after is exactly ``trailing`` seconds: the
    model's own, cut or continued. ``dropped`` is what was cut before the first sound, in seconds.
    """

    def __init__(self, leading: float, trailing: float) -> None:
        self._leading = round(leading * SYNTHESIZER_SAMPLE_RATE)
        self._trailing = round(trailing * SYNTHESIZER_SAMPLE_RATE)
        self._rest = EMPTY  # less than a block, not yet judged
        self._quiet = EMPTY  # silence that may turn out to be the end
        self._last = EMPTY  # the last fade's worth of sound, which may be the end too
        self._started = False
        self.dropped = 0.0

    @property
    def started(self) -> bool:
        """Has sound been met?"""
        return self._started

    def feed(self, pcm: FloatArray) -> FloatArray:
        """Samples that are sure to be played after ``pcm`` (samples,)."""
        joined = np.concatenate([self._rest, pcm])
        whole = len(joined) // _BLOCK * _BLOCK
        self._rest = joined[whole:]
        return self._judge(joined[:whole])

    def finish(self) -> FloatArray:
        """What remains, with the silence after; empty if there was no sound at all."""
        ready = self._judge(self._rest) if len(self._rest) else EMPTY
        self._rest = EMPTY
        if not self._started:
            return EMPTY
        tail = self._quiet[: self._trailing]
        end = np.concatenate([ready, self._last, tail])
        fade = min(_FADE, len(end))
        end[len(end) - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
        return np.concatenate([end, np.zeros(self._trailing - len(tail), dtype=np.float32)])

    def _judge(self, blocks: FloatArray) -> FloatArray:
        starts = range(0, len(blocks), _BLOCK)
        loud = [at for at in starts if np.sqrt(np.mean(np.square(blocks[at : at + _BLOCK]))) > _SILENCE]
        if not loud:
            self._quiet = np.concatenate([self._quiet, blocks])
            return EMPTY
        end = min(loud[-1] + _BLOCK, len(blocks))
        ready = np.concatenate([self._last, self._quiet, blocks[:end]])
        self._quiet = blocks[end:]
        if not self._started:
            self._started = True
            first = len(self._quiet_before(ready, loud[0], end))
            drop = max(0, first - self._leading)
            self.dropped = drop / SYNTHESIZER_SAMPLE_RATE
            ready = ready[drop:].copy()
            fade = min(_FADE, len(ready))
            ready[:fade] *= np.linspace(0.0, 1.0, fade, dtype=np.float32)
        keep = min(_FADE, len(ready))
        self._last = ready[len(ready) - keep :]
        return ready[: len(ready) - keep]

    @staticmethod
    def _quiet_before(ready: FloatArray, first_loud: int, end: int) -> FloatArray:
        """The silent samples at the start of ``ready``, whose last ``end`` samples are judged blocks."""
        return ready[: len(ready) - end + first_loud]


def limit(pcm: FloatArray) -> FloatArray:
    """Bend samples beyond 0.7 smoothly towards 1, so that loud ones don't clip; sample by sample."""
    size = np.abs(pcm)
    if np.max(size, initial=0.0) <= _KNEE:
        return pcm
    room = 1.0 - _KNEE
    bent = _KNEE + room * np.tanh((size - _KNEE) / room)
    return np.where(size > _KNEE, np.sign(pcm) * bent, pcm).astype(np.float32)
