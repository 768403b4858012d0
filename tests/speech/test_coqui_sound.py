"""Raw model sound becomes playable: level, ends, rate, in any chunks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from speech.coqui.sound import Resampler, Trimmer, limit

RATE = 24_000


def _tone(
    seconds: float, rate: int = RATE, frequency: float = 220.0, size: float = 0.3
) -> NDArray[np.float32]:
    return (size * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def _silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros(round(seconds * RATE), dtype=np.float32)


def _cut(pcm: NDArray[np.float32], sizes: Sequence[int]) -> list[NDArray[np.float32]]:
    edges = np.cumsum(sizes)
    return np.split(pcm, edges[edges < len(pcm)])


def _trim(chunks: Sequence[NDArray[np.float32]], leading: float, trailing: float) -> NDArray[np.float32]:
    trimmer = Trimmer(leading, trailing)
    return np.concatenate([*map(trimmer.feed, chunks), trimmer.finish()])


def _sample_speech() -> NDArray[np.float32]:
    parts = [_silence(0.3), _tone(0.4), _silence(0.2), _tone(0.311), _silence(0.7)]
    return np.concatenate(parts)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(1, 9_000), min_size=1, max_size=30))
def test_trimming_in_chunks_equals_trimming_at_once(sizes: list[int]) -> None:
    pcm = _sample_speech()
    np.testing.assert_array_equal(_trim(_cut(pcm, sizes), 0.02, 0.25), _trim([pcm], 0.02, 0.25))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 9_000), min_size=1, max_size=30), st.sampled_from([1.0, 1.15, 0.8]))
def test_resampling_in_chunks_equals_resampling_at_once(sizes: list[int], pitch: float) -> None:
    pcm = _tone(1.0, rate=22_050)
    whole = Resampler(22_050, pitch)
    stream = Resampler(22_050, pitch)
    pieces = [stream.feed(chunk) for chunk in _cut(pcm, sizes)]
    pieces.append(stream.feed(pcm[:0], last=True))
    np.testing.assert_allclose(np.concatenate(pieces), whole.feed(pcm, last=True), atol=1e-6)


def test_silence_at_the_ends_is_cut_to_the_given_lengths() -> None:
    pcm = _trim([_sample_speech()], 0.02, 0.25)
    loud = np.flatnonzero(np.abs(pcm) > 0.05) / RATE
    assert 0.015 < loud[0] < 0.035
    assert len(pcm) / RATE - loud[-1] == pytest.approx(0.25, abs=0.01)
    assert len(pcm) / RATE == pytest.approx(0.02 + 0.4 + 0.2 + 0.311 + 0.25, abs=0.012)


def test_a_short_tail_is_continued_with_silence() -> None:
    pcm = _trim([_tone(0.2)], 0.02, 0.25)
    assert len(pcm) == pytest.approx(0.45 * RATE, abs=120)


def test_the_ends_do_not_click() -> None:
    cosine = np.cos(2 * np.pi * 200 * np.arange(RATE // 2) / RATE).astype(np.float32) * 0.5
    pcm = np.concatenate([[0.0], _trim([cosine], 0.0, 0.0), [0.0]])
    assert np.max(np.abs(np.diff(pcm))) < 0.06  # the cosine itself moves by .026 a sample


def test_how_much_was_cut_before_is_told() -> None:
    trimmer = Trimmer(0.02, 0.1)
    trimmer.feed(_sample_speech())
    assert trimmer.dropped == pytest.approx(0.28, abs=0.006)


def test_sound_that_is_all_silence_gives_nothing() -> None:
    assert len(_trim([_silence(1.0)], 0.02, 0.25)) == 0
    assert len(_trim([], 0.02, 0.25)) == 0


def test_loud_samples_are_bent_and_quiet_ones_untouched() -> None:
    pcm = np.linspace(-3, 3, 1001).astype(np.float32)
    bent = limit(pcm)
    assert np.max(np.abs(bent)) <= 1.0
    np.testing.assert_array_equal(bent[np.abs(pcm) <= 0.7], pcm[np.abs(pcm) <= 0.7])
    assert np.all(np.diff(bent) >= 0)
