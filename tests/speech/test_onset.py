"""Somebody surely speaks, or something knocked: told by how likely a voice is and how long it sounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.audio import FRAME_SAMPLES, SAMPLE_RATE, load_audio
from speech.end_of_turn import SilenceEndOfTurn, TurnSignalKind
from speech.onset import SURE_SPEECH, SpeechOnset
from speech.voice_activity import SileroVoiceActivity

FLOOR = 1e-4  # RMS of the room


def heard(sound: np.ndarray, at: int, probability: float = 1.0, after: int = 8_000) -> list[float]:
    """Sure speech after each frame, when ``sound`` begins at sample ``at`` and the model always says so."""
    pcm = np.random.default_rng(0).normal(0, FLOOR, at + len(sound) + after).astype(np.float32)
    pcm[at : at + len(sound)] += sound
    onset = SpeechOnset()
    frames = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return [
        onset.step(frame, probability if at // FRAME_SAMPLES <= number else 0.0)
        for number, frame in enumerate(frames)
    ]


def vowel(milliseconds: int, level: float) -> np.ndarray:
    time = np.arange(milliseconds * SAMPLE_RATE // 1000) / SAMPLE_RATE
    return (level * sum(np.sin(2 * np.pi * 140 * n * time) / n for n in range(1, 8))).astype(np.float32)


@settings(deadline=None)
@given(st.integers(5, 80), st.integers(6_400, 7_100), st.floats(0.02, 0.5))
def test_a_burst_of_up_to_80_ms_is_never_sure_however_much_it_sounds_like_a_voice(length, at, level):
    assert max(heard(vowel(length, level), at)) < SURE_SPEECH


@settings(deadline=None)
@given(st.integers(6_400, 7_100), st.floats(0.02, 0.5))
def test_a_voice_that_goes_on_is_sure_with_the_fourth_frame(at, level):
    spoken = heard(vowel(600, level), at)
    begins = at // FRAME_SAMPLES
    assert spoken[begins + 3] >= SURE_SPEECH
    assert max(spoken[:begins]) == 0


def test_unlikely_speech_is_never_sure_and_doubtful_speech_a_little_later():
    assert max(heard(vowel(600, 0.2), 6_400, probability=0.49)) == 0
    clear, doubtful = (
        next(n for n, spoken in enumerate(heard(vowel(600, 0.2), 6_400, p)) if spoken) for p in (0.9, 0.6)
    )
    assert doubtful - clear == 2


def test_seconds_of_speech_rise_while_it_lasts_and_are_gone_with_it():
    spoken = heard(vowel(600, 0.2), 6_400)
    assert max(spoken) == pytest.approx(0.6, abs=0.03)
    assert spoken[-1] == 0


def test_a_long_monologue_is_counted_within_bounds():
    onset = SpeechOnset()
    frame = vowel(40, 0.2)
    spoken = [onset.step(frame, 0.99) for _ in range(500)]
    assert spoken[-1] == pytest.approx(2.56)


def test_digital_silence_is_no_error():
    assert SpeechOnset().step(np.zeros(FRAME_SAMPLES, np.float32), 0.0) == 0


def test_sure_speech_begins_a_turn_at_once_but_not_below_the_threshold():
    policy = SilenceEndOfTurn()
    assert policy.step(0.4, surely=True) == ()
    (started,) = policy.step(0.9, surely=True)
    assert started.kind is TurnSignalKind.SPEECH_STARTED


def test_people_are_noticed_in_time_and_their_shortest_noises_arent(
    asterisk_prompts: dict[str, Path], is_test_material
):
    chosen = [path for name, path in asterisk_prompts.items() if is_test_material(name)][:60]
    late = pieces = 0
    people = [pcm for pcm in map(load_audio, chosen) if len(pcm) > SAMPLE_RATE][:30]
    for pcm in people:
        loud = np.flatnonzero(np.abs(pcm) > 0.1 * np.abs(pcm).max())[0]
        spoken = followed(pcm[loud:], 16_000)
        late += spoken is None or spoken > 4
        size = SAMPLE_RATE * 80 // 1000
        loudest = int(np.convolve(pcm**2, np.ones(size), "valid").argmax())
        pieces += followed(pcm[loudest : loudest + size], 16_000) is not None
    assert late <= len(people) // 10
    assert pieces == 0


def followed(sound: np.ndarray, at: int) -> int | None:
    """Frames from the onset to sure speech, with the real model."""
    pcm = np.random.default_rng(0).normal(0, FLOOR, at + len(sound) + 12_000).astype(np.float32)
    pcm[at : at + len(sound)] += sound
    model, onset = SileroVoiceActivity(), SpeechOnset()
    for number, frame in enumerate(
        pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    ):
        if onset.step(frame, model.step(frame)) >= SURE_SPEECH:
            return number - at // FRAME_SAMPLES + 1
    return None
