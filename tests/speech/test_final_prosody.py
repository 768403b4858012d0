"""The end of made-up voices: low and high pitch, falling loudness, the length of the last voice."""

from __future__ import annotations

import numpy as np
import pytest

from speech.final_prosody import final_prosody

RATE = 16_000


def voice(hz: list[tuple[float, float, float]]) -> np.ndarray:
    """Buzzing stretches of (Hz, amplitude, seconds), in one piece."""
    pitch = np.concatenate([np.full(round(seconds * RATE), hertz) for hertz, _, seconds in hz])
    level = np.concatenate([np.full(round(seconds * RATE), loud) for _, loud, seconds in hz])
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    return (level * sum(np.sin(n * phase) / n for n in range(1, 8))).astype(np.float32)


SILENCE = np.zeros(RATE // 5, np.float32)


def ending(*hz: float) -> float:
    """The rank of the last of these pitches, a fifth of a second each."""
    heard = final_prosody(np.concatenate((voice([(hertz, 0.2, 0.2) for hertz in hz]), SILENCE)))
    assert heard is not None and heard.pitch_rank is not None
    return heard.pitch_rank


def test_a_voice_that_ends_on_its_lowest_pitch_has_hardly_anything_below_it() -> None:
    assert ending(200, 180, 220, 190, 210, 100) < 0.1


def test_a_voice_that_ends_on_its_highest_pitch_has_nearly_everything_below_it() -> None:
    assert ending(150, 160, 150, 160, 150, 220) > 0.7


def test_a_flat_speaker_ends_as_low_as_a_lively_one() -> None:
    lively, flat = ending(200, 240, 180, 260, 200, 120), ending(120, 124, 118, 126, 120, 112)
    assert flat == pytest.approx(lively, abs=0.1)


def test_a_voice_that_grows_softer_is_told_by_its_energy() -> None:
    level = final_prosody(voice([(150, 0.2, 1.5)]))
    soft = final_prosody(voice([(150, 0.2, 1.2), (150, 0.05, 0.3)]))
    assert level is not None and soft is not None
    assert soft.energy_fall > level.energy_fall + 8


def test_the_last_voice_is_as_long_as_it_lasts() -> None:
    sound = np.concatenate((voice([(150, 0.2, 1.0)]), SILENCE, voice([(150, 0.2, 0.32)]), SILENCE))
    heard = final_prosody(sound)
    assert heard is not None and heard.voice == pytest.approx(0.32, abs=0.09)


def test_noise_has_no_pitch_to_rank() -> None:
    heard = final_prosody(np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32))
    assert heard is None or heard.pitch_rank is None


@pytest.mark.parametrize("samples", [0, 100, 640, RATE])
def test_silence_and_hardly_any_sound_say_nothing(samples: int) -> None:
    heard = final_prosody(np.zeros(samples, np.float32))
    assert heard is None or heard.pitch_rank is None
