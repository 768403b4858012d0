"""When was each word said: dynamic time warping over cross-attention, as in `whisper.timing`.

Differences: the attention is what the decoder computed anyway (no second pass), and the warping is in NumPy,
since the library's compiled one costs seconds at the first call and forbids calls from several threads.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from whisper.timing import WordTiming, median_filter, merge_punctuations
from whisper.tokenizer import Tokenizer

from speech.recognizer import Word
from speech.whisper.decoding import Decoded
from speech.whisper.encoder import POSITION_SECONDS

MEDIAN_WIDTH = 7  # positions: smooths single-position spikes of attention
LONGEST_MEDIAN = 0.7  # seconds; a word may last twice the median word, and the median is believed up to here
PREPENDED = "\"'“¿([{-"
APPENDED = "\"'.。,，!！?？:：”)]}、"  # noqa: RUF001 - the library's own lists
SENTENCE_ENDS = ".。!！?？"  # noqa: RUF001


def time_words(
    tokenizer: Tokenizer, decoded: Decoded, attention: Tensor, prompt_length: int, offset: float
) -> tuple[Word, ...]:
    """Time the words of ``decoded``.

    ``attention`` is (alignment heads, tokens, positions), unnormalised, for the prompt, the text tokens and
    the end token. Times are ``offset`` plus seconds from the window's first sample.
    """
    tokens = list(decoded.tokens)
    if not tokens or attention.shape[2] == 0:
        return ()
    weights = attention.softmax(dim=-1)
    deviation, mean = torch.std_mean(weights, dim=-2, keepdim=True, unbiased=False)
    # A position that no token distinguishes has no spread; it must not turn into NaN.
    weights = median_filter((weights - mean) / deviation.clamp_min(1e-10), MEDIAN_WIDTH)
    matrix = weights.mean(dim=0)[prompt_length - 1 : -1]
    text_index, time_index = warp(-matrix.double().cpu().numpy())
    starts = time_index[np.flatnonzero(np.diff(text_index, prepend=-1))] * POSITION_SECONDS

    texts, groups = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    bounds = np.cumsum([0, *(len(group) for group in groups[:-1])])
    timings = [
        WordTiming(
            text, group, float(starts[i]), float(starts[j]), float(np.mean(decoded.probabilities[i:j]))
        )
        for text, group, (i, j) in zip(texts[:-1], groups[:-1], pairwise(bounds), strict=True)
    ]
    _shorten(timings)
    merge_punctuations(timings, PREPENDED, APPENDED)
    return tuple(
        Word(
            timing.word.strip(),
            round(offset + timing.start, 3),
            round(offset + timing.end, 3),
            timing.probability,
        )
        for timing in timings
        if timing.word.strip()
    )


def _shorten(timings: list[WordTiming]) -> None:
    """Keep words beside a sentence's end from swallowing the pause there, as the library does."""
    lengths = np.array([timing.end - timing.start for timing in timings])
    lengths = lengths[lengths > 0]
    if lengths.size == 0:
        return
    longest = 2 * min(LONGEST_MEDIAN, float(np.median(lengths)))
    for previous, timing in pairwise(timings):
        if timing.end - timing.start > longest:
            if timing.word in SENTENCE_ENDS:
                timing.end = timing.start + longest
            elif previous.word in SENTENCE_ENDS:
                timing.start = timing.end - longest


def warp(cost: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Cheapest monotonic path through ``cost`` (rows, columns): the row and the column of each of its steps.

    The classic recurrence, anti-diagonal by anti-diagonal so that each is one vector operation.
    """
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0
    came = np.zeros((rows + 1, columns + 1), np.int8)  # 0 diagonal, 1 from the row above, 2 from the left
    came[0, :] = 2
    came[:, 0] = 1
    for diagonal in range(2, rows + columns + 1):
        i = np.arange(max(1, diagonal - columns), min(rows, diagonal - 1) + 1)
        j = diagonal - i
        options = np.stack((total[i - 1, j - 1], total[i - 1, j], total[i, j - 1]))
        # Ties go left, as in the library's implementation.
        step = np.full(i.shape, 2, np.int8)
        step[(options[0] < options[1]) & (options[0] < options[2])] = 0
        step[(options[1] < options[0]) & (options[1] < options[2])] = 1
        came[i, j] = step
        total[i, j] = cost[i - 1, j - 1] + options[step, np.arange(i.shape[0])]
    path = []
    i, j = rows, columns
    while i > 0 or j > 0:
        path.append((i - 1, j - 1))
        step_here = came[i, j]
        i -= step_here != 2
        j -= step_here != 1
    ordered = np.array(path[::-1], dtype=np.intp)
    return ordered[:, 0], ordered[:, 1]
