"""Who wants the floor: real and synthetic sounds that nothing was learnt from, and the meter's own rules."""

from __future__ import annotations

import numpy as np
import pytest

from speech.audio import FRAME_SAMPLES, SAMPLE_RATE, load_audio, resample
from speech.claim import (
    FEATURES,
    STEPS,
    ClaimMeter,
    ClaimWeights,
    ClaimWeightsError,
    bands,
    contour,
    packaged,
)
from speech.espeak import own_espeak

SPEAKER = "en-us+m3"  # no training sound is this speaker's


def _room(pcm, seconds=0.4):
    """The sound after a moment of a quiet room, from its first loud sample on, ``seconds`` of it."""
    begin = int(np.argmax(np.abs(pcm) > 0.1 * np.abs(pcm).max()))
    pcm = np.concatenate((np.zeros(SAMPLE_RATE // 5), pcm[begin : begin + round(seconds * SAMPLE_RATE)]))
    return (pcm + np.random.default_rng(1).normal(0, 3e-4, len(pcm))).astype(np.float32)


def _judged(pcm, seconds=0.4):
    meter = ClaimMeter()
    heard = _room(pcm, seconds)
    for at in range(0, len(heard) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        meter.step(heard[at : at + FRAME_SAMPLES])
    return meter.measure(seconds)


def _says(text):
    espeak = own_espeak()
    return resample(espeak.speak(text, SPEAKER).pcm, espeak.sample_rate, SAMPLE_RATE)


@pytest.mark.parametrize("text", ["yeah.", "mm-hmm.", "okay.", "I see.", "right."])
def test_a_listeners_word_claims_less_than_a_question(text):
    assert _judged(_says(text)) < 0.5 < _judged(_says("Could you tell me how long it is open?"))


@pytest.mark.parametrize("prompt", ["agent-alreadyon", "vm-options"])
def test_a_persons_sentence_claims_the_floor(asterisk_prompts, prompt):
    assert _judged(load_audio(asterisk_prompts[prompt])) > 0.5


def test_how_loud_it_is_doesnt_matter():
    pcm = _says("Excuse me, where is the station?")
    meter, softer = ClaimMeter(), ClaimMeter()
    for at in range(0, 8 * FRAME_SAMPLES, FRAME_SAMPLES):
        meter.step(pcm[at : at + FRAME_SAMPLES])
        softer.step(0.1 * pcm[at : at + FRAME_SAMPLES])
    assert meter.measure(0.3) == pytest.approx(softer.measure(0.3), abs=0.02)


def test_frame_by_frame_it_sees_what_it_sees_of_the_whole_sound():
    pcm = np.random.default_rng(2).normal(0, 0.1, 5 * FRAME_SAMPLES).astype(np.float32)
    meter = ClaimMeter()
    for at in range(0, len(pcm), FRAME_SAMPLES):
        meter.step(pcm[at : at + FRAME_SAMPLES])
    whole = bands(np.concatenate((np.zeros(192, np.float32), pcm)))
    assert meter.measure(1.0) == pytest.approx(packaged().judged(contour(whole)), abs=1e-5)


def test_it_sees_no_more_than_the_latest_steps_and_begins_where_the_sound_does():
    quiet, loud = np.full((10, FEATURES - 1), -80.0, np.float32), np.zeros((7, FEATURES - 1), np.float32)
    assert contour(np.concatenate((quiet, loud))).shape == (7, FEATURES)
    assert contour(np.zeros((60, FEATURES - 1), np.float32)).shape == (STEPS, FEATURES)


def test_before_any_sound_it_has_no_opinion():
    assert ClaimMeter().measure(0.2) == 0.5


def test_silence_is_judged_without_complaint():
    meter = ClaimMeter()
    meter.step(np.zeros(FRAME_SAMPLES, np.float32))
    assert 0 <= meter.measure(0.2) <= 1


def test_a_frame_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"\(640,\), not \(100,\)"):
        ClaimMeter().step(np.zeros(100, np.float32))


def test_weights_that_are_written_are_read_again_nearly_the_same(tmp_path):
    packaged().save(tmp_path / "again.npz")
    seen = np.random.default_rng(3).uniform(0, 1, (20, FEATURES)).astype(np.float32)
    again = ClaimWeights.load(tmp_path / "again.npz")
    assert again.judged(seen) == pytest.approx(packaged().judged(seen), abs=1e-3)


def test_missing_or_unfit_weights_say_how_to_get_others(tmp_path):
    with pytest.raises(ClaimWeightsError, match=r"benchmarks.claim --fit"):
        ClaimWeights.load(tmp_path / "none.npz")
    np.savez(tmp_path / "half.npz", first=np.zeros((1, 1)))
    with pytest.raises(ClaimWeightsError, match="lacks answer, "):
        ClaimWeights.load(tmp_path / "half.npz")
