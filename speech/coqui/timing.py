"""When does each token sound? From a model's own durations, or estimated from the sound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from speech.coqui.voice import FloatArray, TokenTime

_BLOCK = 0.01  # seconds of one loudness measurement
_QUIET = 0.03  # of the loudest block: below this a block is a pause


def from_durations(
    durations: NDArray[np.int64], owner_of: Sequence[int], tokens: int, seconds_per_frame: float
) -> tuple[TokenTime, ...]:
    """Exact times from a model's ``durations`` (symbols,) in frames; ``owner_of`` names each symbol's token
    or -1.

    A token without symbols gets no length, at the end of the one before it.
    """
    ends = np.cumsum(durations) * seconds_per_frame
    starts = ends - durations * seconds_per_frame
    first: dict[int, float] = {}
    last: dict[int, float] = {}
    for at, owner in enumerate(owner_of):
        if owner >= 0:
            first.setdefault(owner, float(starts[at]))
            last[owner] = float(ends[at])
    result: list[TokenTime] = []
    reached = 0.0
    for token in range(tokens):
        start = max(first.get(token, reached), reached)
        reached = max(last.get(token, start), start)
        result.append(TokenTime(token, start, reached))
    return tuple(result)


def estimated(
    pcm: FloatArray, sample_rate: int, weights: Sequence[float], pauses: Sequence[bool]
) -> tuple[TokenTime, ...]:
    """Times of tokens shared out over the sounding parts of ``pcm`` (samples,) by ``weights``, their expected
    lengths.

    ``pauses`` says after which tokens a pause is written; the longest silences inside the sound are taken to
    be those, so that an error on one side of a pause doesn't spread to the other.
    """
    block = max(1, round(_BLOCK * sample_rate))
    blocks = -(-len(pcm) // block)
    padded = np.zeros(blocks * block, dtype=np.float32)
    padded[: len(pcm)] = pcm
    loudness = (
        np.sqrt(np.mean(padded.reshape(blocks, block).astype(np.float64) ** 2, axis=1)) if blocks else []
    )
    voiced = np.asarray(loudness) > _QUIET * max(np.max(loudness, initial=0.0), 1e-9)
    spans = _spans(voiced, sum(pauses[:-1]))
    groups = _groups(pauses, len(spans))
    result: list[TokenTime] = []
    for (begin, end), group in zip(spans, groups, strict=True):
        inside = np.flatnonzero(voiced[begin:end]) + begin
        shares = np.cumsum([0.0, *(weights[token] for token in group)])
        shares = shares / max(shares[-1], 1e-9) * len(inside)
        for token, start, stop in zip(group, shares[:-1], shares[1:], strict=True):
            result.append(TokenTime(token, _at(inside, start, begin), _at(inside, stop, begin)))
    return tuple(result)


def _at(inside: NDArray[np.int64], share: float, begin: int) -> float:
    """Seconds where ``share`` voiced blocks have passed."""
    if not len(inside):
        return begin * _BLOCK
    whole = min(int(share), len(inside) - 1)
    return float(inside[whole] + min(share - whole, 1.0)) * _BLOCK


def _spans(voiced: NDArray[np.bool_], cuts: int) -> list[tuple[int, int]]:
    """The sounding stretch, cut at its ``cuts`` longest silences of at least 60 ms; block indices."""
    sounding = np.flatnonzero(voiced)
    if not len(sounding):
        return [(0, len(voiced))]
    gaps = np.diff(sounding)
    longest = [int(at) for at in np.argsort(gaps)[::-1][:cuts] if gaps[at] * _BLOCK > 0.06]
    edges = [int(sounding[0])]
    for at in sorted(longest):
        edges += [int(sounding[at]) + 1, int(sounding[at + 1])]
    edges.append(int(sounding[-1]) + 1)
    return list(zip(edges[::2], edges[1::2], strict=True))


def _groups(pauses: Sequence[bool], spans: int) -> list[range]:
    """Tokens between written pauses, one group a span; all in one group when the sound shows other pauses."""
    cuts = [token + 1 for token, pause in enumerate(pauses[:-1]) if pause]
    if len(cuts) + 1 != spans:
        # fewer silences than written pauses: which is which can't be told, so nothing is assumed
        return [range(len(pauses)), *[range(0)] * (spans - 1)]
    return [range(low, high) for low, high in zip([0, *cuts], [*cuts, len(pauses)], strict=True)]
