"""Words prepared for listening and for long waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from orchestration.aside import at_level, in_frames, trimmed
from orchestration.asides import REFERENCE, Asides
from orchestration.configuration.listening import ListeningConfig
from orchestration.media import AGENT_SAMPLE_RATE, FloatArray
from orchestration.virtual_time import run_in_virtual_time
from speech.coqui import CoquiSynthesizer
from speech.coqui.config import CoquiConfig
from speech.levels import active_level
from speech.synthesizer import SpeechChunk
from tests.orchestration.served import until


def hum(seconds: float, level: float = 0.3, hz: float = 120.0) -> FloatArray:
    phase = 2 * np.pi * hz * np.arange(round(seconds * AGENT_SAMPLE_RATE)) / AGENT_SAMPLE_RATE
    return (level * (np.sin(phase) + 0.5 * np.sin(2 * phase)) / 1.5).astype(np.float32)


def hiss(seconds: float) -> FloatArray:
    noise = np.random.default_rng(1).standard_normal(round(seconds * AGENT_SAMPLE_RATE))
    return (0.1 * noise).astype(np.float32)


def rumble(seconds: float) -> FloatArray:
    """Noise as low as a voice, but without a pitch."""
    return np.asarray(np.convolve(hiss(seconds), np.ones(24) / 8, "same"), np.float32)


class SpeaksAs:
    """A synthesiser that says each word as it is told; ``None`` hangs, an error is raised."""

    def __init__(self, words: Mapping[str, FloatArray | Exception | None], aloud: float = 0.3) -> None:
        self._words = {REFERENCE: hum(2.0, aloud), **words}
        self.asked: list[tuple[str, str | None]] = []

    async def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[SpeechChunk]:
        self.asked.append((text, voice))
        await asyncio.sleep(0.1)
        sound = self._words[text]
        if sound is None:
            await asyncio.sleep(3600)
        elif isinstance(sound, Exception):
            raise sound
        else:
            yield SpeechChunk(sound[: sound.size // 2])
            yield SpeechChunk(sound[sound.size // 2 :])


def prepared(
    words: Mapping[str, FloatArray | Exception | None],
    fillers: Sequence[str] = (),
    gain_db: float = 0.0,
    aloud: float = 0.3,
) -> tuple[list[str], list[str], SpeaksAs, list[FloatArray]]:
    """The words that one voice has ready in the end, soft ones and fillers, and their sounds."""
    synthesizer = SpeaksAs(words, aloud)

    async def main() -> tuple[list[str], list[str], list[FloatArray]]:
        soft = [word for word in words if word not in fillers and word != REFERENCE]
        asides = Asides(synthesizer, timeout=2.0, soft=soft, gain_db=gain_db, fillers=fillers)
        ready = asides.of("joan")
        assert not ready.soft, "nothing is waited for"
        await asyncio.sleep(30)
        assert asides.of("joan") is ready
        return (
            [aside.word for aside in ready.soft],
            [aside.word for aside in ready.fillers],
            [aside.pcm for aside in ready.soft],
        )

    soft, filling, sounds = run_in_virtual_time(main())
    return soft, filling, synthesizer, sounds


def test_what_sounds_like_a_hum_is_ready_soon_and_spoken_once() -> None:
    soft, _, synthesizer, sounds = prepared({"mm-hmm": hum(0.5), "uh-huh": hum(0.4)}, gain_db=-12)
    assert soft == ["mm-hmm", "uh-huh"]
    assert synthesizer.asked == [(REFERENCE, "joan"), ("mm-hmm", "joan"), ("uh-huh", "joan")]
    assert np.abs(sounds[0]).max() == pytest.approx(10 ** (-12 / 20) * np.abs(hum(0.5)).max(), rel=0.02)


def test_soft_and_loud_words_of_a_voice_come_out_at_one_level_below_its_speech() -> None:
    words = {"mm-hmm": hum(0.5, level=0.05), "yeah": hum(0.5, level=0.4), "uh-huh": hum(0.4, hz=210)}
    _, _, _, sounds = prepared(words, gain_db=-12, aloud=0.2)
    speech = active_level(hum(2.0, 0.2), AGENT_SAMPLE_RATE)
    below = [20 * np.log10(active_level(pcm.ravel(), AGENT_SAMPLE_RATE) / speech) for pcm in sounds]
    assert below == pytest.approx([-12, -12, -12], abs=0.3)


def test_a_word_that_would_clip_stays_as_loud_as_it_can_be() -> None:
    click = hum(0.3, level=0.01)
    click[100] = 0.5
    assert np.abs(at_level(click, 0.2)).max() == pytest.approx(1.0)
    assert not at_level(np.zeros(2400, np.float32), 0.2).any()


def test_nothing_is_said_softly_in_a_voice_whose_level_isnt_known(caplog: pytest.LogCaptureFixture) -> None:
    words = {REFERENCE: RuntimeError("out of memory"), "yeah": hum(0.5), "well": hum(0.5)}
    soft, fillers, _, _ = prepared(words, fillers=("well",))
    assert (soft, fillers) == ([], ["well"])
    assert "nothing will be said softly in voice 'joan'" in caplog.text


@pytest.mark.parametrize(
    ("sound", "cause"),
    [
        pytest.param(hum(0.1), "lasts", id="too short to be heard as one"),
        pytest.param(hum(2.0), "lasts", id="a drone"),
        pytest.param(hiss(0.5), "hisses", id="a hiss"),
        pytest.param(rumble(0.5), "pitch", id="a rumble without a pitch"),
        pytest.param(RuntimeError("out of memory"), "out of memory", id="a synthesiser that fails"),
        pytest.param(None, "no sound within 2 s", id="a synthesiser that hangs"),
    ],
)
def test_a_word_that_goes_wrong_is_left_out_by_name(
    sound: FloatArray | Exception | None, cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    soft, _, _, _ = prepared({"mhm": sound, "yeah": hum(0.5)})
    assert soft == ["yeah"], "the others are said"
    (record,) = caplog.records
    assert "'mhm'" in record.getMessage()
    assert "'joan'" in record.getMessage()
    assert cause in record.getMessage()


def test_a_word_without_sound_is_left_out() -> None:
    assert prepared({"...": np.zeros(0, np.float32), "yeah": hum(0.5)})[0] == ["yeah"]


def test_a_filler_may_be_a_phrase_but_no_speech(caplog: pytest.LogCaptureFixture) -> None:
    _, fillers, _, _ = prepared({"let me see": hum(1.2), "well": hum(3.0)}, fillers=("let me see", "well"))
    assert fillers == ["let me see"]
    assert "'well' is longer than 2.5 s" in caplog.text


def test_each_voice_says_them_itself_and_no_words_ask_nothing() -> None:
    async def main() -> tuple[SpeaksAs, SpeaksAs]:
        some, none = SpeaksAs({"yeah": hum(0.5)}), SpeaksAs({})
        asides = Asides(some, 2.0, soft=("yeah",), gain_db=0, fillers=())
        assert asides.of("joe") is not asides.of("joan")
        asides.of("")
        assert not Asides(none, 2.0, soft=(), gain_db=0, fillers=()).of("joe").soft
        await asyncio.sleep(5)
        return some, none

    some, none = run_in_virtual_time(main())
    assert sorted(voice or "" for word, voice in some.asked if word == "yeah") == ["", "joan", "joe"]
    assert none.asked == []


def test_silence_around_a_sound_is_cut_and_its_ends_fade() -> None:
    quiet = np.zeros(AGENT_SAMPLE_RATE // 2, np.float32)
    cut = trimmed(np.concatenate((quiet, hum(0.4), quiet)))
    assert cut.size / AGENT_SAMPLE_RATE == pytest.approx(0.4, abs=0.02)
    assert abs(cut[0]) < 1e-3 > abs(cut[-1])
    assert trimmed(quiet).size == 0


def test_frames_for_the_speaker_and_the_animator_hold_the_same_sound() -> None:
    aside = in_frames("mm", hum(0.41))
    assert aside.pcm.shape == (11, 960)
    assert aside.heard.shape == (11, 640)
    assert np.sqrt(np.mean(aside.pcm**2)) == pytest.approx(np.sqrt(np.mean(aside.heard**2)), rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("pitch", [1.0, 1.2], ids=["as it is", "higher"])
async def test_the_packaged_voice_says_every_word_of_the_defaults_well(model_file, pitch: float) -> None:
    file: Path = model_file("joe")
    with CoquiSynthesizer(CoquiConfig(model=str(file), pitch=pitch)) as joe:
        asides = Asides(joe, timeout=30, soft=ListeningConfig().sounds, gain_db=-12, fillers=())
        ready = asides.of("")
        await until(lambda: len(ready.soft) == len(ListeningConfig().sounds), within=60)
        speech = np.concatenate([chunk.pcm async for chunk in joe.synthesize(REFERENCE)])
    assert [aside.word for aside in ready.soft] == list(ListeningConfig().sounds)
    aloud = active_level(trimmed(speech), AGENT_SAMPLE_RATE)
    below = [
        20 * np.log10(active_level(aside.pcm.ravel(), AGENT_SAMPLE_RATE) / aloud) for aside in ready.soft
    ]
    assert below == pytest.approx([-12] * len(below), abs=0.5)
