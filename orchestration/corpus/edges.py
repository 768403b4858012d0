"""The same silence at both ends of every utterance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from avatar.animator import SAMPLE_RATE, FloatArray
from avatar.training.dyads.utterance import Phone

SILENCE = "SIL"
EDGE = 0.15  # s of silence kept at both ends of an utterance


def padded(pcm: FloatArray, seconds: float) -> FloatArray:
    """``pcm`` (samples,) at 16 kHz with silence added at both ends."""
    quiet = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    return np.concatenate([quiet, pcm, quiet])


def trimmed(pcm: FloatArray, phones: Sequence[Phone]) -> tuple[FloatArray, tuple[Phone, ...]]:
    """Sound and phones from ``EDGE`` seconds before the first that isn't silence to as long after the last.

    Where there is less silence than that, zeros are added. The phones cover the sound and keep their order.
    """
    pcm, first = padded(pcm, EDGE), EDGE
    at = [number for number, phone in enumerate(phones) if phone.name != SILENCE]
    inside = phones[at[0] : at[-1] + 1]
    begin = max(0, round((inside[0].start - EDGE + first) * SAMPLE_RATE))
    end = min(len(pcm), round((inside[-1].end + EDGE + first) * SAMPLE_RATE))
    seconds = (end - begin) / SAMPLE_RATE
    shift = first - begin / SAMPLE_RATE
    starts = [round(phone.start + shift, 4) for phone in inside]
    last = round(inside[-1].end + shift, 4)
    kept = [
        Phone(phone.name, start, end)
        for phone, start, end in zip(inside, starts, [*starts[1:], last], strict=True)
    ]
    return pcm[begin:end], (Phone(SILENCE, 0.0, starts[0]), *kept, Phone(SILENCE, last, seconds))
