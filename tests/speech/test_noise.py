"""Noise like that of rooms."""

from __future__ import annotations

import numpy as np
import pytest

from speech.noise import pink_noise


def test_its_power_falls_by_three_decibels_an_octave_and_its_rms_is_one() -> None:
    sound = pink_noise(1 << 16, np.random.default_rng(1))
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(1)
    power = np.abs(np.fft.rfft(sound)) ** 2
    octaves = [10 * np.log10(power[1 << n : 2 << n].mean()) for n in range(8, 15)]
    assert np.diff(octaves) == pytest.approx(-3, abs=0.6)


def test_the_same_seed_gives_the_same_noise() -> None:
    one, same, other = (pink_noise(640, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)
