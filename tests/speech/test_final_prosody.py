"""The end of made-up voices: falling and rising pitch, falling loudness, the length of the last voice."""

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


def test_a_voice_that_drops_an_octave_has_fallen_twelve_semitones() -> None:
    heard = final_prosody(np.concatenate((voice([(200, 0.2, 1.2), (100, 0.2, 0.3)]), SILENCE)))
    assert heard is not None and heard.pitch_fall == pytest.approx(12, abs=0.7)


def test_a_voice_that_rises_has_fallen_by_less_than_nothing() -> None:
    heard = final_prosody(np.concatenate((voice([(150, 0.2, 1.2), (220, 0.2, 0.3)]), SILENCE)))
    assert heard is not None and heard.pitch_fall is not None and heard.pitch_fall < -5


def test_a_voice_that_grows_softer_is_told_by_its_energy() -> None:
    level = final_prosody(voice([(150, 0.2, 1.5)]))
    soft = final_prosody(voice([(150, 0.2, 1.2), (150, 0.05, 0.3)]))
    assert level is not None and soft is not None
    assert soft.energy_fall > level.energy_fall + 8


def test_the_last_voice_is_as_long_as_it_lasts() -> None:
    sound = np.concatenate((voice([(150, 0.2, 1.0)]), SILENCE, voice([(150, 0.2, 0.32)]), SILENCE))
    heard = final_prosody(sound)
    assert heard is not None and heard.voice == pytest.approx(0.32, abs=0.09)


def test_noise_has_no_pitch_to_fall() -> None:
    heard = final_prosody(np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32))
    assert heard is None or heard.pitch_fall is None


@pytest.mark.parametrize("samples", [0, 100, 640, RATE])
def test_silence_and_hardly_any_sound_say_nothing(samples: int) -> None:
    heard = final_prosody(np.zeros(samples, np.float32))
    assert heard is None or heard.pitch_fall is None
