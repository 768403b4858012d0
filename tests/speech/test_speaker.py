"""A voice's direction: the spectrum, the network out of the published weights, and whose voice is whose."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from orchestration.models.registry import load_registry
from orchestration.models.resolve import resolve
from speech.audio import load_audio, resample
from speech.espeak import own_espeak
from speech.speaker.checkpoint import read_elsewhere, weights_of
from speech.speaker.encoder import SpeakerConfig, SpeakerEncoder
from speech.speaker.errors import SpeakerError
from speech.speaker.spectrum import mel_bands

# Of Debian's prompt vm-nobodyavail, by the code that the weights were published with (Resemblyzer 0.1.4,
# librosa 0.11): the largest of the embedding's 256 numbers, and the logarithm of some of the spectrum's.
REFERENCE = {0: 0.2494, 89: 0.2320, 244: 0.2086, 148: 0.2061, 87: 0.2031, 113: 0.1737, 20: 0.1732}
REFERENCE_BANDS = {0: -11.0027, 10: -8.0796, 20: -11.3890, 39: -33.6831}  # of frame 50


@pytest.fixture(scope="module")
def model() -> Path:
    return Path(resolve("ge2e-speaker", "speaker", load_registry()).location)


@pytest.fixture(scope="module")
def encoder(model: Path) -> SpeakerEncoder:
    assert torch  # loaded, so that the file is read in this process
    return SpeakerEncoder(SpeakerConfig(model=str(model)))


@pytest.fixture(scope="module")
def prompt(asterisk_prompts: Mapping[str, Path]) -> np.ndarray:
    return load_audio(asterisk_prompts["vm-nobodyavail"])


def test_the_spectrum_is_the_one_that_the_weights_were_trained_on(prompt: np.ndarray) -> None:
    bands = mel_bands(prompt)
    assert bands.shape == (279, 40)
    for band, value in REFERENCE_BANDS.items():
        assert np.log(bands[50, band]) == pytest.approx(value, abs=2e-3)


def test_an_embedding_is_that_of_the_code_published_with_the_weights(
    encoder: SpeakerEncoder, prompt: np.ndarray
) -> None:
    embedding = encoder.embed(prompt)
    assert embedding.shape == (256,) and np.linalg.norm(embedding) == pytest.approx(1)
    for place, value in REFERENCE.items():
        assert embedding[place] == pytest.approx(value, abs=2e-4)


def test_how_loud_somebody_speaks_says_nothing_of_who_it_is(
    encoder: SpeakerEncoder, prompt: np.ndarray
) -> None:
    assert encoder.embed(prompt) @ encoder.embed(prompt * np.float32(0.1)) == pytest.approx(1, abs=1e-4)


def test_two_sentences_of_one_person_lie_closer_than_two_persons(
    encoder: SpeakerEncoder, asterisk_prompts: Mapping[str, Path]
) -> None:
    espeak = own_espeak()
    sound = espeak.speak("Please leave your message after the tone.", "en-us+m3")
    other = encoder.embed(resample(sound.pcm, espeak.sample_rate, 16_000))
    one, two = (encoder.embed(load_audio(asterisk_prompts[n])) for n in ("vm-nobodyavail", "vm-options"))
    assert one @ two > 0.75 > 0.65 > max(one @ other, two @ other)


@pytest.mark.parametrize(
    "pcm",
    [
        pytest.param(np.zeros(16_000, np.float32), id="silence"),
        pytest.param(np.ones(4_000, np.float32), id="a quarter of a second"),
        pytest.param(np.full(16_000, np.nan, np.float32), id="not a number"),
        pytest.param(np.ones((2, 16_000), np.float32), id="two channels"),
    ],
)
def test_what_is_no_speech_is_refused(encoder: SpeakerEncoder, pcm: np.ndarray) -> None:
    with pytest.raises(SpeakerError, match=r"sound"):
        encoder.embed(pcm)


def test_a_missing_model_names_the_command_that_installs_it() -> None:
    with pytest.raises(SpeakerError, match="visavis models install ge2e-speaker"):
        SpeakerEncoder(SpeakerConfig(model="ge2e-speaker"))


def test_a_file_that_is_no_checkpoint_is_refused_without_running_it(tmp_path: Path) -> None:
    assert torch  # loaded, so that the file is read in this process
    (tmp_path / "broken.pt").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(SpeakerError, match=r"broken\.pt"):
        SpeakerEncoder(SpeakerConfig(model=str(tmp_path / "broken.pt")))


def test_weights_of_another_network_are_refused_by_their_shapes(tmp_path: Path) -> None:
    torch.save({"model_state": {"linear.weight": torch.zeros(3, 3)}}, tmp_path / "other.pt")
    with pytest.raises(SpeakerError, match=r"weight_ih_l0 is None"):
        SpeakerEncoder(SpeakerConfig(model=str(tmp_path / "other.pt")))


def test_a_process_that_listens_imports_no_pytorch() -> None:
    run = "import speech.speaker.encoder, sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.slow
def test_a_process_without_pytorch_has_the_same_weights_read_by_another(model: Path) -> None:
    elsewhere = read_elsewhere(model)
    for name, array in weights_of(model).items():
        np.testing.assert_array_equal(elsewhere[name], array)
