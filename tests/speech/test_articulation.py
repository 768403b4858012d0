"""How much a mouth moves, on sounds of which it is known."""

from __future__ import annotations

import numpy as np
import pytest

from speech.articulation import Articulation
from speech.audio import FRAME_SAMPLES, SAMPLE_RATE, load_audio

TIME = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE


def _measured(pcm):
    articulation = Articulation()
    for at in range(0, len(pcm) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        articulation.step(pcm[at : at + FRAME_SAMPLES].astype(np.float32))
    return articulation.measure()


def _voiced(slope: float):
    """A voice of 120 Hz that loses ``slope`` dB an octave."""
    waves = (n ** (-slope / 6) * np.sin(2 * np.pi * 120 * n * TIME) for n in range(1, 30))
    return 0.05 * sum(waves) * np.minimum(1, 8 * TIME[::-1])


def test_a_held_sound_moves_less_than_words(asterisk_prompts):
    words = load_audio(asterisk_prompts["vm-options"])
    begin = int(np.argmax(np.abs(words) > 0.1))
    assert _measured(_voiced(9)).articulation < 1.5
    assert _measured(words[begin : begin + SAMPLE_RATE // 2]).articulation > 2.5


def test_a_hum_is_more_closed_than_a_vowel():
    assert _measured(_voiced(18)).openness < -25 < _measured(_voiced(6)).openness


def test_loudness_doesnt_matter():
    loud, soft = _measured(_voiced(9)), _measured(0.1 * _voiced(9))
    assert loud.articulation == pytest.approx(soft.articulation, abs=0.1)


def test_before_any_sound_and_in_silence_nothing_moves():
    assert Articulation().measure().articulation == 0
    assert _measured(np.zeros(SAMPLE_RATE // 2)).articulation == 0


def test_a_frame_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"\(640,\), not \(100,\)"):
        Articulation().step(np.zeros(100, np.float32))
