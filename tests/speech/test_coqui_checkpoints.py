"""Coqui's own model classes, loaded from checkpoints that are small and random but otherwise as released."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from TTS.tts.configs.vits_config import VitsConfig
from TTS.tts.models.vits import Vits, VitsArgs

from speech.coqui import CoquiConfig, CoquiSynthesizer, VoiceError
from speech.coqui.checkpoint_voice import CheckpointVoice
from speech.coqui.coqui_espeak import use_library_espeak
from speech.manner import PLAIN, Manner
from speech.spoken_text import read_tokens

pytestmark = pytest.mark.slow
RATE = 24_000


@pytest.fixture(scope="module")
def vits_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Coqui VITS, phonemes by espeak, 16 channels wide."""
    use_library_espeak()
    torch.manual_seed(0)
    size = VitsArgs(
        hidden_channels=16,
        hidden_channels_ffn_text_encoder=16,
        num_heads_text_encoder=1,
        num_layers_text_encoder=1,
        num_layers_flow=1,
        num_layers_posterior_encoder=1,
        upsample_initial_channel_decoder=32,
        use_sdp=False,
        init_discriminator=False,
    )
    config = VitsConfig(
        model_args=size,
        use_phonemes=True,
        phonemizer="espeak",
        phoneme_language="en-us",
        text_cleaner="phoneme_cleaners",
        add_blank=True,
    )
    model = Vits(config)
    folder = tmp_path_factory.mktemp("a vits voice")
    torch.save({"model": model.state_dict()}, folder / "model.pth")
    model.config.save_json(str(folder / "config.json"))
    return folder


@pytest.fixture(scope="module")
def vits(vits_folder: Path) -> CheckpointVoice:
    config = CoquiConfig(model=str(vits_folder))
    return CheckpointVoice(vits_folder / "model.pth", vits_folder / "config.json", config)


@pytest.mark.parametrize("name", ["", "model.pth"])
async def test_a_checkpoint_speaks_by_folder_and_by_file(vits_folder: Path, name: str) -> None:
    with CoquiSynthesizer(CoquiConfig(model=str(vits_folder / name))) as synthesizer:
        chunks = [chunk async for chunk in synthesizer.synthesize("In the end, it costs $5 today! 🎉 Right?")]
    words = [word for chunk in chunks for word in chunk.words]
    assert " ".join(word.text for word in words) == "In the end, it costs $5 today! 🎉 Right?"
    length = sum(len(chunk.pcm) for chunk in chunks) / RATE
    assert all(0 <= word.start < word.end <= length for word in words)


def test_word_times_are_the_models_own_durations(vits: CheckpointVoice) -> None:
    """An untrained VITS gives every symbol the same time, so times must grow with the words' phonemes."""
    tokens = read_tokens("a extraordinarily")
    (sound,) = vits.speak(tokens, 0)
    short, long = (entry.end - entry.start for entry in sound.times)
    assert long > 4 * short
    assert sound.times[0].end <= sound.times[1].start
    assert sound.times[1].end <= len(sound.pcm) / vits.sample_rate


def test_the_same_seed_gives_the_same_sound(vits: CheckpointVoice) -> None:
    tokens = read_tokens("the same again")
    sounds = [next(iter(vits.speak(tokens, seed))).pcm for seed in (1, 1, 2)]
    np.testing.assert_array_equal(sounds[0], sounds[1])
    assert not np.array_equal(sounds[0], sounds[2])


def test_pitch_and_pace_are_set_on_the_model(vits_folder: Path) -> None:
    lengths = {}
    for pitch in (1.0, 1.25):
        config = CoquiConfig(model=str(vits_folder), pitch=pitch, length_scale=2.0)
        voice = CheckpointVoice(vits_folder / "model.pth", vits_folder / "config.json", config)
        lengths[pitch] = len(next(iter(voice.speak(read_tokens("nine seven"), 0))).pcm)
    assert lengths[1.25] > lengths[1.0], "a raised voice speaks slower, and is then played faster"


def test_a_manner_stretches_the_models_sound_and_leaves_the_next_one_alone(vits: CheckpointVoice) -> None:
    tokens = read_tokens("nine seven")
    plain, slow, again = (
        len(next(iter(vits.speak(tokens, 0, manner))).pcm) for manner in (PLAIN, Manner(pace=0.7), PLAIN)
    )
    assert plain == again < slow


async def test_a_model_without_a_pace_says_once_that_only_its_level_varies(
    vits_folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with CoquiSynthesizer(CoquiConfig(model=str(vits_folder))) as synthesizer:
        monkeypatch.setattr(synthesizer._voices[None].voice, "paces", False)
        said = [
            np.concatenate([chunk.pcm async for chunk in synthesizer.synthesize_in(manner, "nine seven")])
            for manner in (PLAIN, Manner(0.8, 1.2, -6), Manner(0.8, 1.2, -6))
        ]
    assert len(said[0]) == len(said[1])
    np.testing.assert_allclose(said[1], 10 ** (-6 / 20) * said[0], atol=0.02)
    assert caplog.text.count("one pace and one pitch") == 1


def test_a_checkpoint_that_runs_code_is_not_unpickled(vits_folder: Path, tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "executed",))  # type: ignore[return-value]

    (tmp_path / "model.pth").write_bytes(pickle.dumps({"model": Payload()}))
    (tmp_path / "config.json").write_text((vits_folder / "config.json").read_text())
    with pytest.raises(VoiceError, match="can't be loaded"):
        CoquiSynthesizer(CoquiConfig(model=str(tmp_path)))
    assert not (tmp_path / "executed").exists()


def test_a_checkpoint_cut_short_is_named(vits_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes((vits_folder / "model.pth").read_bytes()[:5_000])
    (tmp_path / "config.json").write_text((vits_folder / "config.json").read_text())
    with pytest.raises(VoiceError, match=r"model\.pth can't be loaded"):
        CoquiSynthesizer(CoquiConfig(model=str(tmp_path)))


def test_a_speaker_that_the_model_has_not_is_refused(vits_folder: Path) -> None:
    with pytest.raises(VoiceError, match=r"one speaker.*nobody"):
        CoquiSynthesizer(CoquiConfig(model=str(vits_folder), speaker="nobody"))


def test_models_that_coqui_unpickles_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "bark"
    folder.mkdir()
    (folder / "config.json").write_text('{"model": "bark"}')
    with pytest.raises(VoiceError, match="unpickling"):
        CoquiSynthesizer(CoquiConfig(model=str(folder)))
