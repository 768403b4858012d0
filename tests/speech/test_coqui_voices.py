"""Several voices of one model: chosen by name, each as configured, loaded once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from speech.coqui import CoquiConfig, CoquiSynthesizer, SynthesisError, VoiceError
from speech.coqui.config import VoiceConfig
from speech.coqui.onnx_voice import StreamedVits

VOICES = {
    "joe": VoiceConfig(title="Joe"),
    "joan": VoiceConfig(pitch=1.2),
    "slow": VoiceConfig(length_scale=1.6),
    "other": VoiceConfig(seed=77),
}
TEXT = "The museum opens at nine o'clock in the morning."

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def loads() -> list[Path]:
    return []


@pytest.fixture(scope="module")
def synthesizer(model_file: Callable[[str], Path], loads: list[Path]):
    load = StreamedVits.load_onnx

    def counted(self, model_path, threads=2):
        loads.append(Path(model_path))
        load(self, model_path, threads)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StreamedVits, "load_onnx", counted)
        opened = CoquiSynthesizer(CoquiConfig(model=str(model_file("joe")), voices=VOICES))
    yield opened
    opened.close()


async def said(synthesizer: CoquiSynthesizer, voice: str | None) -> np.ndarray:
    return np.concatenate([chunk.pcm async for chunk in synthesizer.synthesize(TEXT, voice)])


def pitch(pcm: np.ndarray) -> float:
    """Median fundamental of the loud parts of 24 kHz speech, Hz."""
    found = []
    for start in range(0, len(pcm) - 1920, 960):
        frame = pcm[start : start + 1920].astype(np.float64)
        if np.sqrt(np.mean(frame**2)) < 0.05:
            continue
        correlation = np.correlate(frame, frame, "full")[1919:]
        lag = 60 + int(np.argmax(correlation[60:400]))
        if correlation[lag] > 0.5 * correlation[0]:
            found.append(24_000 / lag)
    return float(np.median(found))


async def test_voices_differ_as_configured_and_come_from_one_loaded_model(synthesizer, loads):
    joe, joan, slow, other = [await said(synthesizer, name) for name in VOICES]
    assert 1.12 < pitch(joan) / pitch(joe) < 1.28
    assert 1.3 < len(slow) / len(joe) < 1.9
    assert not np.array_equal(other[: len(joe)], joe[: len(other)])
    assert len(loads) == 1


async def test_the_first_voice_speaks_by_default_and_each_stays_itself(synthesizer):
    first = await said(synthesizer, None)
    await said(synthesizer, "slow")
    await said(synthesizer, "joan")
    assert np.array_equal(first, await said(synthesizer, "joe"))


async def test_two_voices_that_speak_at_the_same_time_dont_mix(synthesizer):
    alone = [await said(synthesizer, name) for name in ("joe", "slow")]
    together = await asyncio.gather(said(synthesizer, "joe"), said(synthesizer, "slow"))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


async def test_voices_are_equally_loud(synthesizer):
    levels = [np.sqrt(np.mean(np.square(await said(synthesizer, name)))) for name in ("joe", "joan", "slow")]
    assert max(levels) / min(levels) < 10 ** (3 / 20)


async def test_an_unknown_voice_is_refused_with_the_known_ones(synthesizer):
    with pytest.raises(SynthesisError, match="no voice 'jim'; it has joe, joan, slow, other"):
        await said(synthesizer, "jim")


def test_a_voice_that_the_model_cant_do_is_told_when_it_is_opened(model_file):
    voices = {"else": VoiceConfig(speaker="7")}
    with pytest.raises(VoiceError, match="one speaker"):
        CoquiSynthesizer(CoquiConfig(model=str(model_file("joe")), voices=voices))


def test_a_voice_changes_only_what_it_names():
    config = CoquiConfig(
        model="m",
        pitch=1.1,
        speaker="a",
        voices={"wav": VoiceConfig(speaker_wav="b.wav"), "x": VoiceConfig()},
    )
    assert config.of("x") == config
    cloned = config.of("wav")
    assert (cloned.speaker, cloned.speaker_wav, cloned.pitch) == (None, Path("b.wav"), 1.1)
    with pytest.raises(KeyError):
        config.of("nobody")
    with pytest.raises(ValidationError, match="modle"):
        VoiceConfig.model_validate({"modle": "m"})
