"""Pitch, level and the cues in a voice."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar import FRAME_SAMPLES, SAMPLE_RATE
from avatar import measures as measure
from avatar.procedural.prosody import Prosody, ProsodyTracker

Sound = NDArray[np.float32]


def track(sound: Sound) -> list[Prosody]:
    """Prosody of every whole frame."""
    tracker = ProsodyTracker()
    whole = sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES]
    return [tracker.step(frame) for frame in whole.reshape(-1, FRAME_SAMPLES)]


def harmonics(pitch: NDArray[np.float64]) -> Sound:
    """A buzz with a voice's falling spectrum whose pitch in Hz is given for each sample."""
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    return (0.1 * sum(np.sin(k * phase) / k for k in range(1, 9))).astype(np.float32)


@pytest.mark.parametrize("pitch", [80.0, 118.0, 165.0, 220.0, 333.0])
def test_pitch_is_read_within_two_percent(pitch: float) -> None:
    frames = track(harmonics(np.full(SAMPLE_RATE // 2, pitch)))[3:]
    assert [hop.pitch for frame in frames for hop in frame.hops] == pytest.approx(
        [pitch] * 2 * len(frames), rel=0.02
    )


def test_noise_and_silence_have_no_pitch() -> None:
    noise = 0.05 * np.random.default_rng(0).standard_normal(SAMPLE_RATE).astype(np.float32)
    pitched = [hop.pitch > 0 for frame in track(noise) for hop in frame.hops]
    assert np.mean(pitched) < 0.05
    assert not any(hop.pitch for frame in track(np.zeros(SAMPLE_RATE, np.float32)) for hop in frame.hops)


def test_a_long_low_region_after_speech_is_a_cue_once() -> None:
    time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    pitch = 150 + 25 * np.sin(2 * np.pi * 1.7 * time)
    pitch[int(2.4 * SAMPLE_RATE) :] = 100
    cues = [frame for frame, prosody in enumerate(track(harmonics(pitch))) if prosody.low_pitch]
    late = [frame for frame in cues if frame >= 60]
    assert late == [pytest.approx(60 + 4, abs=2)]  # 110 ms into the region, read within a 48 ms window
    assert all(frame > 0.7 * 25 for frame in cues)


def test_pauses_of_human_speech_end_phrases(human: Callable[[str], Sound], long_prompts: list[str]) -> None:
    pauses, noticed = 0, 0
    for name in long_prompts:
        sound = human(name)
        prosody = track(sound)
        start = 0
        for silent, group in groupby(measure.envelope(sound)[: len(prosody)] < -50):
            end = start + len(list(group))
            if silent and start > 0 and end - start >= 7:  # 280 ms
                pauses += 1
                noticed += any(frame.phrase_ended for frame in prosody[start:end])
            start = end
    assert pauses >= 10
    assert noticed >= 0.85 * pauses
