"""The mouth: vowels read from sound, closed lips, silence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar import FRAME_SAMPLES, SAMPLE_RATE, Column, animate, load_animator, measures
from avatar.motion import ARTICULATORS, NAMES

Sound = NDArray[np.float32]
NOTHING = np.zeros(0, np.float32)


def spoken(sound: Sound) -> Sound:
    """The agent's motion while it says this."""
    return animate(load_animator("procedural"), sound, NOTHING)


def held(sound: Sound, column: Column) -> float:
    """A column's mean over the middle of a sound."""
    motion = spoken(sound)
    return float(motion[5:-4, column].mean())


def test_an_open_vowel_opens_the_jaw_more_than_close_ones(vowels: dict[str, Sound]) -> None:
    jaw = {name: held(sound, Column.jawOpen) for name, sound in vowels.items()}
    assert jaw["a"] > jaw["o"] > jaw["u"]
    assert jaw["a"] > jaw["e"] > jaw["i"]
    assert jaw["a"] > 2 * jaw["i"] > 0.1


def test_u_rounds_the_lips_and_i_spreads_them(vowels: dict[str, Sound]) -> None:
    assert held(vowels["u"], Column.mouthPucker) > 0.25
    assert held(vowels["u"], Column.mouthPucker) > 5 * held(vowels["i"], Column.mouthPucker)
    assert held(vowels["i"], Column.mouthStretchLeft) > 3 * held(vowels["u"], Column.mouthStretchLeft)


@pytest.mark.parametrize("gain", [0.1, 1.0, 4.0])
def test_the_same_vowel_looks_the_same_soft_and_loud_once_the_level_is_known(
    gain: float, vowels: dict[str, Sound]
) -> None:
    quiet = np.zeros(SAMPLE_RATE // 4, np.float32)
    phrase = np.concatenate([vowels["a"], quiet, vowels["i"], quiet] * 8)
    last = np.concatenate([vowels["a"], quiet])
    frames = len(last) // FRAME_SAMPLES
    jaw = [spoken(g * np.concatenate([phrase, last]))[-frames:, Column.jawOpen].max() for g in (gain, 1.0)]
    assert jaw[0] == pytest.approx(jaw[1], rel=0.25)


def test_a_hiss_parts_the_lips_but_hardly_the_jaw(vowels: dict[str, Sound]) -> None:
    noise = np.random.default_rng(1).standard_normal(SAMPLE_RATE // 2)
    sharp = (0.05 * np.diff(noise, prepend=0.0)).astype(np.float32)
    motion = spoken(sharp)[4:-3]
    assert motion[:, Column.jawOpen].max() < 0.12
    assert motion[:, Column.mouthLowerDownLeft].mean() > 0.08


def test_the_mouth_is_closed_before_anything_is_said() -> None:
    motion = spoken(np.zeros(SAMPLE_RATE, np.float32))
    assert np.abs(motion[:, ARTICULATORS]).max() == 0


@pytest.mark.parametrize("db", [-75, -60, -52])
def test_low_noise_never_opens_the_mouth(db: float) -> None:
    noise = np.random.default_rng(2).standard_normal(4 * SAMPLE_RATE)
    motion = spoken((10 ** (db / 20) * noise).astype(np.float32))
    assert motion[:, Column.jawOpen].max() < 0.03


@pytest.mark.parametrize("cut", [0.31, 0.64, 1.0, 1.37])
def test_a_sudden_cut_shuts_the_mouth_by_the_third_silent_frame(cut: float, babble: Sound) -> None:
    frame = int(cut * 25)
    sound = babble.copy()
    sound[frame * FRAME_SAMPLES :] = 0
    motion = spoken(sound)
    spans = motion[:, ARTICULATORS].max(axis=0)
    assert spans[list(ARTICULATORS).index(Column.jawOpen)] > 0.1
    assert np.all(motion[frame + 2, ARTICULATORS] <= 0.05 * spans)


def test_the_mouth_moves_smoothly(babble: Sound) -> None:
    steps = np.abs(np.diff(spoken(babble), axis=0)).max(axis=0)
    assert steps[Column.jawOpen] < 0.35
    for column in ARTICULATORS:
        assert steps[column] < 0.35, NAMES[column]


def test_jaw_and_sound_move_together(babble: Sound) -> None:
    lag, correlation = measures.jaw_lag(spoken(babble), babble)
    assert abs(lag) <= 0.04
    assert correlation > 0.4


def test_human_speech_moves_the_jaw_in_time_and_leaves_it_shut_in_silence(
    human: Callable[[str], Sound], long_prompts: list[str]
) -> None:
    for name in long_prompts[:6]:
        sound = human(name)
        motion = spoken(sound)
        lag, correlation = measures.jaw_lag(motion, sound)
        assert abs(lag) <= 0.04 and correlation > 0.5, name
        assert measures.closed_in_silence(motion, sound) == 1.0, name
        assert 0.3 < motion[:, Column.jawOpen].max() < 0.8, name


def test_articulation_scales_the_mouth_only(vowels: dict[str, Sound]) -> None:
    plain = spoken(vowels["a"])
    still = animate(load_animator("procedural", articulation=0.0), vowels["a"], NOTHING)
    assert still[:, ARTICULATORS].max() == 0
    np.testing.assert_array_equal(still[:, Column.headPitch], plain[:, Column.headPitch])
