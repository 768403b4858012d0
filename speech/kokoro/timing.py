"""When each word of Kokoro's sounds: from its durations, put right by what was measured against alignment."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from speech.coqui.phonemes import SILENT
from speech.coqui.timing import from_durations
from speech.coqui.voice import FloatArray, TokenTime

SAMPLE_RATE = 24_000
FRAME = 600  # samples of one frame of the durations
# The decoder sounds a symbol earlier than its duration begins: median of 152 words of two speakers, whose
# nine in ten lie between .01 and .08 s.
LEAD = 0.037  # s
_BLOCK = 240  # samples, 10 ms
_QUIET = 0.03  # of the loudest block; below it nothing is being said


def word_times(
    durations: NDArray[np.int64], owners: Sequence[int], tokens: int, pcm: FloatArray
) -> tuple[TokenTime, ...]:
    """Times of ``tokens`` from the ``durations`` (symbols,) in frames, whose ``owners`` are tokens or
    ``SILENT``, and their sound ``pcm`` (samples,).

    At a pause the durations say little: the last letter before it takes most of its silence, and the first
    after it sounds early. There a word begins and ends where sound does.
    """
    told = from_durations(durations, owners, tokens, FRAME / SAMPLE_RATE)
    sounding = _sounding(pcm)
    neighbours = tuple(pairwise(owners))
    after = {second for first, second in neighbours if first == SILENT}
    before = {first for first, second in neighbours if second == SILENT}
    times: list[TokenTime] = []
    reached = 0.0
    for time in told:
        start, end = max(time.start - LEAD, reached), max(time.end - LEAD, reached)
        if time.token in before:
            end = _back(sounding, end, start, while_sounding=False)
        if time.token in after:
            start = _back(sounding, start, reached, while_sounding=True)
        times.append(TokenTime(time.token, start, end))
        reached = end
    return tuple(times)


def _sounding(pcm: FloatArray) -> NDArray[np.bool_]:
    blocks = pcm[: len(pcm) // _BLOCK * _BLOCK].reshape(-1, _BLOCK).astype(np.float64)
    loudness = np.sqrt(np.mean(blocks**2, axis=1))
    return np.asarray(loudness > _QUIET * np.max(loudness, initial=0.0))


def _back(sounding: NDArray[np.bool_], second: float, least: float, *, while_sounding: bool) -> float:
    """``second`` or earlier, not before ``least``: as long as it does, or doesn't, sound just before."""
    block = _BLOCK / SAMPLE_RATE
    at = min(int(second / block), len(sounding))
    first = at
    while at > 0 and at * block > least and bool(sounding[at - 1]) == while_sounding:
        at -= 1
    return second if at == first else max(at * block, least)
