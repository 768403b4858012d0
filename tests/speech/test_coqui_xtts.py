"""Coqui's XTTS class, small and random but otherwise as released, clones a recording and streams."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, models
from TTS.tts.configs.xtts_config import XttsArgs, XttsConfig
from TTS.tts.models.xtts import Xtts

from speech.coqui import CoquiConfig, CoquiSynthesizer, VoiceError
from speech.coqui.streamed_timing import StreamedTiming
from speech.coqui.xtts_voice import XttsVoice
from speech.spoken_text import read_tokens

pytestmark = pytest.mark.slow
RATE = 24_000
TEXT = "In the end, it costs $5."
AUDIO_TOKENS = 14


@pytest.fixture(scope="module")
def xtts_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An XTTS with one GPT layer, 32 wide, that speaks at most 14 audio tokens of noise."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("an xtts voice")
    special = ["[STOP]", "[UNK]", "[SPACE]", "[START]", "[en]"]
    symbols = {symbol: at for at, symbol in enumerate([*special, *string.ascii_lowercase, *".,!?'-"])}
    tokenizer = Tokenizer(models.BPE(vocab=symbols, merges=[], unk_token="[UNK]"))
    tokenizer.add_special_tokens(special)
    tokenizer.save(str(folder / "vocab.json"))
    size = XttsArgs(
        gpt_layers=1,
        gpt_n_model_channels=32,
        gpt_n_heads=2,
        gpt_max_audio_tokens=AUDIO_TOKENS,
        gpt_max_text_tokens=200,
        gpt_num_audio_tokens=66,
        gpt_start_audio_token=64,
        gpt_stop_audio_token=65,
        decoder_input_dim=32,
        gpt_use_perceiver_resampler=True,
        gpt_number_text_tokens=len(symbols),
        gpt_start_text_token=symbols["[START]"],
        gpt_stop_text_token=symbols["[STOP]"],
    )
    config = XttsConfig(model_args=size)
    torch.save({"model": Xtts(config).state_dict()}, folder / "model.pth")
    config.save_json(str(folder / "config.json"))
    return folder


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a stereo recording at 44.1 kHz."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("reference") / "voice.wav"
    soundfile.write(path, rng.normal(0, 0.1, (88_200, 2)), 44_100)
    return path


@pytest.fixture(scope="module")
def xtts(xtts_folder: Path, reference: Path) -> XttsVoice:
    config = CoquiConfig(model=str(xtts_folder), speaker_wav=reference, stream_tokens=5)
    return XttsVoice(xtts_folder, config)


async def test_a_cloned_voice_streams_with_words_in_order(xtts_folder: Path, reference: Path) -> None:
    config = CoquiConfig(model=str(xtts_folder), speaker_wav=reference, stream_tokens=5)
    with CoquiSynthesizer(config) as synthesizer:
        chunks = [chunk async for chunk in synthesizer.synthesize(TEXT)]
    assert len(chunks) >= 2, "sound comes before the sentence is complete"
    words = [word for chunk in chunks for word in chunk.words]
    assert " ".join(word.text for word in words) == TEXT
    length = sum(len(chunk.pcm) for chunk in chunks) / RATE
    starts = [word.start for word in words]
    assert starts == sorted(starts)
    assert all(0 <= word.start <= min(word.end, length) for word in words)
    assert all(np.max(np.abs(chunk.pcm)) <= 1.0 for chunk in chunks)


def _whole(voice: XttsVoice, seed: int) -> NDArray[np.float32]:
    return np.concatenate([sound.pcm for sound in voice.speak(read_tokens(TEXT), seed)])


def test_the_stream_is_the_whole_sound(xtts: XttsVoice, xtts_folder: Path, reference: Path) -> None:
    """Each chunk is decoded from all tokens so far; cutting and cross-fading must not add or lose sound."""
    config = CoquiConfig(model=str(xtts_folder), speaker_wav=reference, stream_tokens=200)
    whole = _whole(XttsVoice(xtts_folder, config), 1)
    stream = _whole(xtts, 1)
    assert len(stream) == len(whole)
    assert np.corrcoef(stream, whole)[0, 1] > 0.95
    np.testing.assert_array_equal(stream, _whole(xtts, 1))  # the same seed gives the same stream


def test_a_closed_stream_leaves_the_voice_usable(xtts: XttsVoice) -> None:
    sounds = xtts.speak(read_tokens(TEXT), 0)
    next(sounds)
    sounds.close()  # type: ignore[attr-defined]
    assert len(_whole(xtts, 0)) > 0


def test_without_a_voice_to_clone_it_says_what_to_set(xtts_folder: Path) -> None:
    with pytest.raises(VoiceError, match="set speaker_wav"):
        XttsVoice(xtts_folder, CoquiConfig(model=str(xtts_folder)))


def test_a_language_that_it_lacks_is_named(xtts_folder: Path, reference: Path) -> None:
    config = CoquiConfig(model=str(xtts_folder), speaker_wav=reference, language="tlh")
    with pytest.raises(VoiceError, match="doesn't speak 'tlh'"):
        XttsVoice(xtts_folder, config)


@pytest.mark.parametrize("kind", ["missing", "text", "short", "silent"])
def test_a_recording_that_cannot_be_cloned_is_named(xtts_folder: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "voice.wav"
    if kind == "text":
        path.write_text("no sound")
    elif kind != "missing":
        seconds = 0.2 if kind == "short" else 3.0
        rng = np.random.default_rng(0)
        size = round(seconds * 16_000)
        soundfile.write(path, np.zeros(size) if kind == "silent" else rng.normal(0, 0.1, size), 16_000)
    with pytest.raises(VoiceError, match=r"voice\.wav"):
        XttsVoice(xtts_folder, CoquiConfig(model=str(xtts_folder), speaker_wav=path))


def test_streamed_times_follow_the_sound_and_skip_its_pauses() -> None:
    """Tone for .5 s, silence for 1 s, tone: a word expected after .5 s of sound begins after the pause."""
    tokens = read_tokens("abcdefgh, stop")  # eight letters at 65 ms are .52 s
    time = np.arange(RATE // 2) / RATE
    tone = np.sin(2 * np.pi * 200 * time).astype(np.float32)
    pcm = np.concatenate([tone, np.zeros(RATE, np.float32), tone])
    timing = StreamedTiming(tokens, RATE)
    placed = [entry for part in np.split(pcm, 10) for entry in timing.follow(part)] + list(timing.finish())
    assert [entry.token for entry in placed] == [0, 1]
    assert placed[0].start < 0.02
    assert placed[1].start == pytest.approx(1.52, abs=0.03)
