"""The end-of-turn model on human recordings, and its spectrum against the one of its training."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from speech.audio import load_audio
from speech.smart_turn import SmartTurn, SmartTurnConfig, SmartTurnError, log_mel


@pytest.fixture(scope="module")
def smart_turn() -> SmartTurn:
    spec = importlib.util.find_spec("pipecat")
    if spec is None or not spec.submodule_search_locations:
        pytest.fail("package pipecat-ai is not installed; run `make models`")
    folder = Path(next(iter(spec.submodule_search_locations)))
    model = folder / "audio" / "turn" / "smart_turn" / "data" / "smart-turn-v3.2-cpu.onnx"
    return SmartTurn(SmartTurnConfig(model=str(model)))


@pytest.fixture(scope="module")
def prompt(asterisk_prompts: dict[str, Path]) -> np.ndarray:
    return load_audio(asterisk_prompts["vm-nobodyavail"])


def test_a_whole_sentence_sounds_more_finished_than_half_of_it(
    smart_turn: SmartTurn, prompt: np.ndarray
) -> None:
    whole, half = smart_turn.probability(prompt), smart_turn.probability(prompt[: len(prompt) // 2])
    assert 0 <= half < whole - 0.2 and whole > 0.9


def test_only_the_last_eight_seconds_are_heard(smart_turn: SmartTurn, prompt: np.ndarray) -> None:
    tail = np.resize(prompt, 8 * 16_000)
    before = np.random.default_rng(3).normal(0, 0.1, 16_000).astype(np.float32)
    assert smart_turn.probability(np.concatenate((before, tail))) == smart_turn.probability(tail)


@pytest.mark.parametrize("seconds", [0.5, 8, 11])
def test_the_spectrum_is_the_one_that_the_model_was_trained_on(prompt: np.ndarray, seconds: float) -> None:
    from transformers import WhisperFeatureExtractor

    sound = np.resize(prompt, round(seconds * 16_000))
    heard = np.pad(sound[-128_000:], (max(0, 128_000 - sound.size), 0))
    theirs = WhisperFeatureExtractor(chunk_length=8)(
        heard, sampling_rate=16_000, return_tensors="np", do_normalize=True
    ).input_features[0]
    assert log_mel(sound).shape == theirs.shape == (80, 800)
    assert np.abs(log_mel(sound) - theirs).max() < 1e-4


@pytest.mark.parametrize(
    "pcm",
    [
        pytest.param(np.zeros(0, np.float32), id="no sound at all"),
        pytest.param(np.zeros((2, 640), np.float32), id="two channels"),
        pytest.param(np.full(640, np.nan, np.float32), id="NaN"),
    ],
)
def test_what_is_no_sound_is_refused(smart_turn: SmartTurn, pcm: np.ndarray) -> None:
    with pytest.raises(SmartTurnError, match="finite sound"):
        smart_turn.probability(pcm)


def test_digital_silence_is_answered(smart_turn: SmartTurn) -> None:
    assert 0 <= smart_turn.probability(np.zeros(16_000, np.float32)) <= 1


def test_a_missing_model_names_the_command_that_brings_it() -> None:
    with pytest.raises(SmartTurnError, match="visavis models install smart-turn"):
        SmartTurn(SmartTurnConfig(model="smart-turn-v3.2"))


def test_a_file_that_is_no_model_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"not a model")
    with pytest.raises(SmartTurnError, match=r"broken\.onnx"):
        SmartTurn(SmartTurnConfig(model=str(tmp_path / "broken.onnx")))


def test_another_model_is_not_taken_for_it() -> None:
    import silero_vad

    other = Path(silero_vad.__file__).parent / "data" / "silero_vad.onnx"
    with pytest.raises(SmartTurnError, match="no Smart Turn"):
        SmartTurn(SmartTurnConfig(model=str(other)))


def test_hearing_needs_no_torch() -> None:
    run = "import speech.smart_turn as s, numpy, sys; s.log_mel(numpy.ones(9)); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", run], capture_output=True, text=True).stdout == "False\n"
