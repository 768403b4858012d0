"""A model name means one kind of voice, or an error that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from requests.exceptions import ConnectionError as NoConnection
from TTS.utils.manage import ModelManager

from speech.coqui import CoquiConfig, VoiceError
from speech.coqui.opening import open_voice


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("nobody", "no voice is called 'nobody'.*tts_models/en/ljspeech/vits"),
        ("/nowhere/voice.onnx", "doesn't exist; install it"),
        ("/nowhere/model.pth", "doesn't exist; install it"),
        ("tts_models/en/nobody/nothing", "Coqui has no speech model"),
        ("tts_models/en", "Coqui has no speech model"),
        ("vocoder_models/en/ljspeech/hifigan_v2", "Coqui has no speech model"),
    ],
)
def test_a_name_that_means_nothing_says_what_would(model: str, message: str) -> None:
    with pytest.raises(VoiceError, match=message):
        open_voice(CoquiConfig(model=model))


def test_a_folder_without_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match=r"needs its config\.json"):
        open_voice(CoquiConfig(model=str(tmp_path)))


@pytest.mark.parametrize("description", ["{", "[]", '{"model": "vits"}', "\x00"])
def test_a_folder_with_a_broken_description_is_refused(tmp_path: Path, description: str) -> None:
    (tmp_path / "config.json").write_text(description)
    with pytest.raises(VoiceError, match=r"isn't a Coqui model's description|should hold one checkpoint"):
        open_voice(CoquiConfig(model=str(tmp_path)))


def test_offline_a_name_says_where_to_put_the_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NoConnection("no route to host")

    monkeypatch.setenv("TTS_HOME", str(tmp_path))
    monkeypatch.setattr(ModelManager, "_download_zip_file", refuse)
    monkeypatch.setattr("TTS.utils.manage.requests.get", refuse)
    with pytest.raises(
        VoiceError, match=r"tts_models/en/ljspeech/vits isn't on this machine.*go online once"
    ):
        open_voice(CoquiConfig(model="tts_models/en/ljspeech/vits"))


def test_a_licence_to_agree_to_is_named_and_never_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TTS_HOME", str(tmp_path))
    monkeypatch.delenv("COQUI_TOS_AGREED", raising=False)
    with pytest.raises(VoiceError, match="COQUI_TOS_AGREED=1"):
        open_voice(CoquiConfig(model="tts_models/multilingual/multi-dataset/xtts_v2"))


@pytest.mark.parametrize(
    "options",
    [{"pitch": 3.0}, {"threads": 0}, {"speed": 1}, {"device": "tpu"}, {"timeout": 0}, {"max_chars": 0}],
)
def test_impossible_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(options))):
        CoquiConfig(model="joe.onnx", **options)


def test_every_option_is_described() -> None:
    assert all(field.description for field in CoquiConfig.model_fields.values())
