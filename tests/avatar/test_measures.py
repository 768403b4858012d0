"""The measures themselves, on motion whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from avatar import FRAME_SAMPLES, Column
from avatar import measures as measure


def still(seconds: float) -> np.ndarray:  # type: ignore[type-arg]
    return np.zeros((int(seconds * 25), 61), np.float32)


def test_blinks_are_counted_with_their_length() -> None:
    motion = still(60)
    for start in range(50, 1450, 150):
        motion[start : start + 5, Column.eyeBlinkLeft] = [0.4, 1.0, 0.8, 0.4, 0.1]
    blinks = measure.blinks(motion)
    assert blinks.per_minute == 10
    assert blinks.length == pytest.approx(0.2)


@pytest.mark.parametrize("rate", [2.6, 3.5, 5.0])
def test_nods_are_counted_with_rate_and_depth(rate: float) -> None:
    motion = still(60)
    length = round(2 / rate * 25)
    cycle = 0.08 * (0.5 - 0.5 * np.cos(2 * np.pi * rate * np.arange(length) / 25))
    for start in (100, 500, 900):
        motion[start : start + length, Column.headPitch] = cycle
    nods = measure.nods(motion)
    assert nods.per_minute == 3
    assert nods.cycles == 6
    assert nods.rate == pytest.approx(rate, rel=0.15)
    assert nods.depth == pytest.approx(0.08, rel=0.15)


def test_slow_head_movement_is_no_nod() -> None:
    motion = still(60)
    motion[:, Column.headPitch] = 0.1 * np.sin(2 * np.pi * 0.5 * np.arange(1500) / 25)
    assert measure.nods(motion).cycles == 0


def test_gaze_counts_head_and_eyes_together() -> None:
    motion = still(4)
    motion[:, Column.headYaw] = 0.3
    motion[:50, Column.leftEyeYaw] = -0.3
    assert measure.gaze_share(motion) == 0.5


def test_a_bout_of_gaze_is_measured_in_seconds() -> None:
    motion = still(10)
    motion[:, Column.leftEyeYaw] = 0.4
    motion[50:100, Column.leftEyeYaw] = 0
    assert measure.gaze_bout(motion) == 2.0


def test_a_late_jaw_has_a_positive_lag() -> None:
    rng = np.random.default_rng(0)
    loudness = np.repeat(rng.uniform(0.01, 0.5, 100), 3)
    pcm = np.repeat(loudness, FRAME_SAMPLES).astype(np.float32) * np.sign(
        rng.standard_normal(300 * FRAME_SAMPLES)
    )
    motion = still(12)
    motion[2:, Column.jawOpen] = np.log(loudness / 0.005)[:-2] / 10
    lag, correlation = measure.jaw_lag(motion, pcm.astype(np.float32))
    assert lag == pytest.approx(0.08)
    assert correlation > 0.95


def test_an_open_jaw_in_silence_is_noticed() -> None:
    motion = still(1)
    motion[10:, Column.jawOpen] = 0.5
    assert measure.closed_in_silence(motion, np.zeros(25 * FRAME_SAMPLES, np.float32)) < 0.5
