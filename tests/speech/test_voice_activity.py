"""Silero voice activity over 40 ms frames of real speech."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from speech.audio import frames, load_audio
from speech.voice_activity import SileroVoiceActivity, VoiceActivityConfig, VoiceActivityError

PAUSE = np.zeros(16_000, np.float32)


@pytest.fixture(scope="module")
def vad_speech(asterisk_prompts: dict[str, Path]) -> np.ndarray:
    """A second of silence, a prompt, a second of silence."""
    return np.concatenate((PAUSE, load_audio(asterisk_prompts["vm-nobodyavail"]), PAUSE))


@pytest.fixture(scope="module")
def vad() -> SileroVoiceActivity:
    return SileroVoiceActivity()


def probabilities(vad: SileroVoiceActivity, pcm: np.ndarray) -> np.ndarray:
    vad.reset()
    return np.array([vad.step(frame) for frame in frames(pcm)])


def test_speech_is_found_where_it_is_and_silence_where_it_is_not(
    vad: SileroVoiceActivity, vad_speech: np.ndarray
) -> None:
    heard = probabilities(vad, vad_speech)
    assert heard[:25].max() < 0.2 and heard[-12:].max() < 0.2
    assert np.mean(heard[27:90] > 0.5) > 0.9


@pytest.mark.parametrize("kind", ["silence", "hum", "noise"])
def test_what_is_not_speech_is_not_taken_for_it(vad: SileroVoiceActivity, kind: str) -> None:
    time = np.arange(32_000) / 16_000
    sounds = {
        "silence": np.zeros(32_000),
        "hum": 0.1 * np.sin(2 * np.pi * 50 * time),
        "noise": np.random.default_rng(0).normal(0, 0.02, 32_000),
    }
    assert np.mean(probabilities(vad, sounds[kind].astype(np.float32)) > 0.5) < 0.05


def test_stepping_equals_the_package_s_own_pass_over_the_whole(
    vad: SileroVoiceActivity, vad_speech: np.ndarray
) -> None:
    import torch
    from silero_vad import load_silero_vad

    model = load_silero_vad(onnx=True)
    whole = model.audio_forward(torch.from_numpy(vad_speech)[None], 16_000)[0].numpy()
    ours = probabilities(vad, vad_speech)
    # Window w ends at sample 512 (w + 1), and so within frame ceil(that / 640) - 1.
    ends = np.ceil(512 * np.arange(1, len(whole) + 1) / 640).astype(int) - 1
    complete = len(vad_speech) // 640
    expected = np.array([whole[ends == frame].max() for frame in range(complete)])
    np.testing.assert_allclose(ours[:complete], expected, atol=1e-5)


def test_every_frame_completes_a_window_so_that_no_frame_goes_unjudged(
    vad: SileroVoiceActivity, vad_speech: np.ndarray
) -> None:
    assert (probabilities(vad, vad_speech) > 0).all()


def test_reset_forgets_the_stream(vad: SileroVoiceActivity, vad_speech: np.ndarray) -> None:
    np.testing.assert_array_equal(probabilities(vad, vad_speech), probabilities(vad, vad_speech))


@pytest.mark.parametrize("bad", [np.zeros(639), np.zeros((1, 640)), np.full(640, np.nan)])
def test_a_bad_frame_is_refused_and_leaves_the_stream_as_it_was(
    vad: SileroVoiceActivity, vad_speech: np.ndarray, bad: np.ndarray
) -> None:
    expected = probabilities(vad, vad_speech)
    vad.reset()
    heard = []
    for n, frame in enumerate(frames(vad_speech)):
        if n == 40:
            with pytest.raises(VoiceActivityError):
                vad.step(bad.astype(np.float32))
        heard.append(vad.step(frame))
    np.testing.assert_array_equal(heard, expected)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(VoiceActivityError, match=r"gone\.onnx"):
        SileroVoiceActivity(VoiceActivityConfig(model=str(tmp_path / "gone.onnx")))


def test_listening_does_not_import_torch() -> None:
    code = (
        "import sys, numpy; from speech.voice_activity import SileroVoiceActivity; "
        "SileroVoiceActivity().step(numpy.zeros(640, numpy.float32)); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2], timeout=60)
