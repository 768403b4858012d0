"""Pitch of a voice, frame by frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from speech.audio import FRAME_SAMPLES, SAMPLE_RATE
from speech.espeak import own_espeak
from speech.pitch import ENOUGH, FLOOR_DB, REMEMBERED, PitchFrame, PitchTracker

Sound = NDArray[np.float32]
TEXT = "We were away all year, and now we are all well."  # voiced nearly throughout


def glide(start: float, end: float, seconds: float, noise: float = 0.0) -> tuple[Sound, Sound]:
    """Eight harmonics whose pitch moves from ``start`` to ``end`` Hz, and that pitch."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hz = start * (end / start) ** (time / seconds)
    phase = 2 * np.pi * np.cumsum(hz) / SAMPLE_RATE
    sound = 0.1 * sum(np.sin(k * phase) / k for k in range(1, 9))
    sound = sound + noise * np.random.default_rng(1).standard_normal(time.size)
    return sound.astype(np.float32), hz.astype(np.float32)


def follow(tracker: PitchTracker, sound: Sound) -> list[PitchFrame]:
    whole = sound[: sound.size // FRAME_SAMPLES * FRAME_SAMPLES]
    return [tracker.step(frame) for frame in whole.reshape(-1, FRAME_SAMPLES)]


def espeak_voice(pitch: int) -> Sound:
    espeak = own_espeak()
    sound = espeak.speak(TEXT, "en-us", pitch=pitch)
    return np.asarray(soxr.resample(sound.pcm, espeak.sample_rate, SAMPLE_RATE), np.float32)


@pytest.mark.parametrize("noise", [0.0, 0.05], ids=["clean", "in noise"])
@pytest.mark.parametrize(
    ("start", "end"),
    [(80, 140), (220, 120), (300, 420), (70, 70), (450, 200)],
    ids=["a man's rise", "a woman's fall", "a child's rise", "the lowest voice", "more than an octave"],
)
def test_a_glide_is_followed_to_two_percent(start: float, end: float, noise: float) -> None:
    sound, hz = glide(start, end, 1.2, noise)
    frames = follow(PitchTracker(), sound)
    for number, frame in enumerate(frames[2:], 2):
        middle = (number + 1) * FRAME_SAMPLES - SAMPLE_RATE * 32 // 1000  # of the 64 ms that end here
        assert frame.voiced
        assert frame.hz == pytest.approx(float(hz[middle]), rel=0.02)


@pytest.mark.parametrize(
    "sound",
    [
        lambda: np.zeros(SAMPLE_RATE, np.float32),
        lambda: 0.1 * np.random.default_rng(2).standard_normal(SAMPLE_RATE).astype(np.float32),
        lambda: np.full(SAMPLE_RATE, 0.3, np.float32),
        lambda: 0.001 * glide(120, 120, 1.0)[0],
    ],
    ids=["silence", "noise", "an offset", "a voice too faint to be one"],
)
def test_what_is_no_voice_has_no_pitch(sound: Callable[[], Sound]) -> None:
    tracker = PitchTracker()
    assert not any(frame.voiced for frame in follow(tracker, sound())[2:])
    assert np.isnan(tracker.median)


def test_pitch_of_a_spoken_sentence_lies_where_its_speaker_s_does_without_octave_jumps() -> None:
    low, high = PitchTracker(), PitchTracker()
    for tracker, pitch in ((low, 50), (high, 90)):
        hz = [frame.hz for frame in follow(tracker, espeak_voice(pitch)) if frame.voiced]
        assert np.abs(np.diff(np.log2(hz))).max() < 0.5
    assert 90 < low.median < 110 < 140 < high.median < 180


def test_a_statement_ends_below_the_speaker_s_low_pitch() -> None:
    tracker = PitchTracker()
    frames = [frame for frame in follow(tracker, espeak_voice(50)) if frame.voiced]
    assert frames[-1].hz < tracker.low < tracker.median


def test_percentiles_are_those_of_the_last_minute_of_voice() -> None:
    tracker = PitchTracker()
    follow(tracker, glide(300, 300, 5)[0])
    heard = [f.hz for f in follow(tracker, glide(100, 200, REMEMBERED * 0.04)[0]) if f.voiced]
    assert tracker.low == pytest.approx(np.percentile(heard[-REMEMBERED:], 26), rel=1e-6)
    assert tracker.percentile(100) < 250, "the higher voice is forgotten"


def test_the_habit_is_unknown_until_half_a_second_of_voice() -> None:
    tracker = PitchTracker()
    sound = glide(150, 150, ENOUGH * 0.04)[0]
    follow(tracker, sound[: -2 * FRAME_SAMPLES])
    assert np.isnan(tracker.low)
    follow(tracker, sound)
    assert tracker.low == pytest.approx(150, rel=0.02)


def test_level_is_in_decibels_of_full_scale() -> None:
    square = np.where(np.arange(FRAME_SAMPLES) % 100 < 50, 0.1, -0.1).astype(np.float32)
    assert PitchTracker().step(square).level == pytest.approx(-20, abs=1e-4)
    assert PitchTracker().step(np.zeros(FRAME_SAMPLES, np.float32)).level == FLOOR_DB


def test_a_reset_tracker_hears_as_a_fresh_one() -> None:
    tracker, sound = PitchTracker(), glide(200, 120, 1.0)[0]
    first = follow(tracker, sound)
    tracker.reset()
    assert repr(follow(tracker, sound)) == repr(first)  # NaN equals nothing, but reads the same


def test_a_frame_of_another_length_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"\(320,\).*\(640,\)"):
        PitchTracker().step(np.zeros(320, np.float32))
