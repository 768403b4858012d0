"""The voice goes with the emotion of what it says: which clause in which manner, and by whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.emotion import Emotion
from agents.persona import Persona
from orchestration.chosen_voice import ChosenVoice
from orchestration.clock import LoopClock
from orchestration.configuration.emotion import EmotionConfig, ToneConfig, VoiceToneConfig
from orchestration.fallback.chain import Link
from orchestration.fallback.circuit import Circuit, CircuitLimits
from orchestration.fallback.engines import FallbackSynthesizer
from orchestration.gateway.host import SessionHost
from orchestration.gateway.opening import manners
from orchestration.protocol import Hello
from orchestration.session.events import EventType
from orchestration.simulation.client import SimulatedClient
from orchestration.simulation.scripted import ScriptedSynthesizer, scripted_engines, spoken
from orchestration.tones import manner_for, tone_of
from orchestration.virtual_time import run_in_virtual_time
from speech.manner import PLAIN, Manner
from speech.synthesizer import SpeechChunk, SpokenWord
from tests.orchestration.served import configured

WHOLE = VoiceToneConfig(strength=1)
SLOWLY = Manner(pace=0.5)
GOOD = "What a wonderful day,"
BAD = "but the terrible fire was awful."


@dataclass
class Tuned(ScriptedSynthesizer):
    """Says its words as fast as it is told."""

    manners: list[tuple[str, Manner]] = field(default_factory=list)

    def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[SpeechChunk]:
        return self.synthesize_in(PLAIN, text, voice)

    async def synthesize_in(
        self, manner: Manner, text: str, voice: str | None = None
    ) -> AsyncIterator[SpeechChunk]:
        self.manners.append((text, manner))
        async for chunk in super().synthesize(text, voice):
            pcm = chunk.pcm[: round(len(chunk.pcm) / manner.pace)]
            words = tuple(SpokenWord(w.text, w.start / manner.pace, w.end / manner.pace) for w in chunk.words)
            yield SpeechChunk(pcm, words, chunk.compute)


@dataclass
class OneManner(ScriptedSynthesizer):
    """Knows nothing of manners."""


TONES = [
    pytest.param("The museum opens at nine.", (0, 0, 0), id="a fact is said plainly"),
    pytest.param("That is wonderful news.", (1, 1, 1), id="good news is said faster, higher and louder"),
    pytest.param("I am sorry, that is terrible.", (-1, -1, -1), id="bad news slower, lower and softer"),
    pytest.param("Fire! Terrible danger!", (1, 1, 1), id="alarm is faster, higher and louder"),
    pytest.param("Please come in!", None, id="what is only exclaimed"),
    pytest.param("", (0, 0, 0), id="nothing"),
]


@pytest.mark.parametrize(("text", "signs"), TONES)
def test_what_a_clause_feels_like_is_heard(text: str, signs: tuple[int, int, int] | None) -> None:
    manner = tone_of(text, WHOLE)
    changes = (manner.pace - 1, manner.pitch - 1, manner.gain_db)
    if signs is None:
        assert min(changes) >= 0
    else:
        assert tuple((change > 0) - (change < 0) for change in changes) == signs


def test_strength_scales_all_of_it_and_none_is_plain() -> None:
    felt = Emotion(valence=-0.8, arousal=0.48)
    whole, half = (manner_for(felt, VoiceToneConfig(strength=strength)) for strength in (1, 0.5))
    assert (half.pace - 1, half.pitch - 1, half.gain_db) == pytest.approx(
        ((whole.pace - 1) / 2, (whole.pitch - 1) / 2, whole.gain_db / 2)
    )
    assert manner_for(felt, VoiceToneConfig(strength=0)) == PLAIN


@given(st.floats(-1, 1), st.floats(0, 1), st.sampled_from([-1, 1]))
def test_the_most_that_can_be_configured_is_a_manner_of_speaking(
    valence: float, arousal: float, sign: int
) -> None:
    most = ToneConfig(pace_percent=25 * sign, pitch_percent=20 * sign, gain_db=5 if sign > 0 else -10)
    manner_for(Emotion(valence, arousal), VoiceToneConfig(strength=1, joy=most, sadness=most, alarm=most))


@pytest.mark.parametrize(
    ("language", "emotion", "varies"),
    [
        pytest.param("en", EmotionConfig(enabled=True), True, id="English"),
        pytest.param("de", EmotionConfig(enabled=True), False, id="a language that isn't read"),
        pytest.param("en", EmotionConfig(), False, id="switched off"),
        pytest.param(
            "en", EmotionConfig(enabled=True, voice=VoiceToneConfig(strength=0)), False, id="the face only"
        ),
        pytest.param("en", EmotionConfig(enabled=True, strength=0), True, id="the voice only"),
    ],
)
def test_which_personas_vary_their_voice(language: str, emotion: EmotionConfig, varies: bool) -> None:
    persona = Persona(name="Mira", role="a receptionist", language=language)
    assert (manners(configured(emotion=emotion), persona)(GOOD) != PLAIN) == varies


async def _all(chunks: AsyncIterator[SpeechChunk]) -> list[str]:
    return [word.text async for chunk in chunks async for word in _words(chunk)]


async def _words(chunk: SpeechChunk) -> AsyncIterator[SpokenWord]:
    for word in chunk.words:
        yield word


def test_a_synthesiser_with_one_manner_says_the_same_words_and_the_log_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> list[list[str]]:
        voice = ChosenVoice(OneManner(), "joe", lambda text: SLOWLY)
        return [await _all(voice.synthesize("one two")) for _ in range(2)]

    assert run_in_virtual_time(main()) == [["one", "two"]] * 2
    assert caplog.text.count("OneManner has one manner of speaking") == 1


def test_who_takes_over_speaks_in_manners_of_their_own() -> None:
    async def main() -> list[tuple[str, Manner]]:
        model = Tuned()
        glad = ChosenVoice(model, "joe", lambda text: SLOWLY)
        for after in (ChosenVoice(glad, "joan"), ChosenVoice(glad, "")):
            await _all(after.synthesize("one"))
        assert model.voices == ["joan", "joe"]
        return model.manners

    assert run_in_virtual_time(main()) == [("one", PLAIN)] * 2


@pytest.mark.parametrize("stand_in", [Tuned(), ScriptedSynthesizer()], ids=["one that can", "one that can't"])
def test_a_stand_in_speaks_in_the_same_manner_if_it_can(stand_in: ScriptedSynthesizer) -> None:
    async def main() -> list[str]:
        broken = Tuned()
        broken.failures.left = 9
        now = LoopClock().now
        links = [
            Link(name, engine, Circuit(CircuitLimits(10, 60), now))
            for name, engine in (("best", broken), ("other", stand_in))
        ]
        chain = FallbackSynthesizer(links, 2.0, {})
        said = await _all(chain.synthesize_in(SLOWLY, "one two"))
        assert broken.manners == [("one two", SLOWLY)]
        return said

    assert run_in_virtual_time(main()) == ["one", "two"]
    if isinstance(stand_in, Tuned):
        assert stand_in.manners == [("one two", SLOWLY)]


def test_every_clause_is_said_in_its_manner_and_remembered_as_it_was_heard() -> None:
    """Served, with drafts, and interrupted in the second clause, whose words last longer than plain ones."""
    model = Tuned()

    async def main() -> SimulatedClient:
        engines = scripted_engines(("how was it", "stop it now"), lambda messages: f"{GOOD} {BAD}")
        configuration = configured(emotion=EmotionConfig(enabled=True, voice=WHOLE))
        host = SessionHost(configuration, replace(engines, synthesizer=model), LoopClock())
        client = SimulatedClient(LoopClock())
        session, _ = host.open(Hello(seed=1), client)

        async def script() -> None:
            await asyncio.sleep(1)
            client.say(spoken(0, 1.0))
            while not any(event.type == EventType.FIRST_SOUND for event in client.recording.events):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await asyncio.sleep(2.2)
            client.say(spoken(1, 1.5))

        acting = asyncio.ensure_future(script())
        await client.join(session, 20)
        acting.cancel()
        return client

    client = run_in_virtual_time(main())
    made = {(text, manner) for text, manner in model.manners if text in (GOOD, BAD)}
    assert made == {(text, tone_of(text, WHOLE)) for text in (GOOD, BAD)}, "drafts as well as replies"
    heard = [event.data["text"] for event in client.recording.events if event.type == EventType.HEARD]
    whole = f"{GOOD} {BAD}".split()
    assert heard[0].split() == whole[: len(heard[0].split())]
    assert len(GOOD.split()) <= len(heard[0].split()) < len(whole)
