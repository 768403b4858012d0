"""The voices of a conversation: learnt from turns, few of them, and told from others."""

from __future__ import annotations

import numpy as np
import pytest

from speech.speaker.conditions import CONDITIONS, far, under_conditions
from speech.speaker.voices import ENOUGH, MOST, KnownVoices


def voice(number: int, near: float = 1.0) -> np.ndarray:
    """Directions (2, 256) of somebody; with ``near`` below 1, as they sound on another day."""
    directions = np.zeros((2, 256), np.float32)
    directions[:, 10 + number] = near
    directions[:, 100 + number] = np.sqrt(1 - near**2)
    directions[1, :] = np.roll(directions[1], 50)  # in a noise, say
    return directions


class TestKnownVoices:
    def test_nobody_is_known_before_they_have_spoken_for_long_enough(self):
        known = KnownVoices()
        known.learn(voice(0), ENOUGH - 0.5)
        assert not known.any and known.likeness(voice(0)[0]) is None
        known.learn(voice(0, 0.95), 0.6)
        assert known.any and known.likeness(voice(0)[0]) > 0.99

    def test_a_voice_is_known_as_it_sounds_in_noise_too(self):
        known = KnownVoices()
        known.learn(voice(0), 2.0)
        assert known.likeness(voice(0)[1]) == pytest.approx(1)
        assert known.likeness(voice(1)[0]) == pytest.approx(0)

    def test_whoever_takes_a_turn_is_known_beside_those_before(self):
        known = KnownVoices()
        for number in range(MOST):
            known.learn(voice(number), 2.0)
        assert all(known.likeness(voice(number)[0]) == pytest.approx(1) for number in range(MOST))

    def test_who_has_not_spoken_longest_is_forgotten_first(self):
        known = KnownVoices()
        for number in range(MOST):
            known.learn(voice(number), 2.0)
        known.learn(voice(0), 2.0)
        known.learn(voice(MOST), 2.0)
        likeness = [known.likeness(voice(number)[0]) for number in range(MOST + 1)]
        assert likeness == pytest.approx([1, 0, *[1] * (MOST - 1)])

    def test_a_voice_that_changes_is_followed(self):
        known = KnownVoices()
        known.learn(voice(0), 20.0)
        before = known.likeness(voice(0, 0.8)[0])
        for _ in range(10):
            known.learn(voice(0, 0.8), 4.0)
        assert known.likeness(voice(0, 0.8)[0]) > 0.97 > before


class TestConditions:
    def test_the_same_seed_imagines_the_same_rooms_and_noises(self):
        pcm = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
        one, two = (under_conditions(pcm, np.random.default_rng(1)) for _ in range(2))
        assert len(one) == CONDITIONS
        for a, b in zip(one, two, strict=True):
            assert a.dtype == np.float32 and a.shape == pcm.shape
            np.testing.assert_array_equal(a, b)

    def test_from_afar_the_high_part_is_gone_and_a_click_has_a_tail(self):
        click = np.zeros(8_000, np.float32)
        click[100] = 1
        heard = far(click, np.random.default_rng(0))
        power = np.abs(np.fft.rfft(heard)) ** 2
        assert power[3_500:].mean() < power[:1_000].mean() / 20  # above 7 kHz, below 2
        assert np.sum(heard[1_000:4_000] ** 2) > 0.01 * np.sum(heard**2)
