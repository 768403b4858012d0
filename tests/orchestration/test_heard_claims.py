"""Real sounds over the agent, heard by the real models of voice activity and of who wants the floor."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import pytest

from agents.turn_taking.interruption import Judged
from orchestration.configuration.turn_taking import InterruptionConfig, TurnTakingConfig
from orchestration.gateway.limits import interruption_policy
from orchestration.listening import InlineVoiceActivity
from orchestration.session.events import EventType
from speech.audio import SAMPLE_RATE, resample
from speech.espeak import own_espeak
from speech.recognizer import Transcript

REPLY = " ".join(f"word{number}" for number in range(40)) + "."
SPEAKER = "en-us+m3"  # nothing was learnt from it
AT = 3.0  # seconds from the typed question to the sound


@dataclass
class Understands:
    """A recogniser that understands the one thing that is said, .3 s later."""

    words: str

    async def transcribe(self, pcm, *, words: bool = True) -> Transcript:
        await asyncio.sleep(0.3)
        return Transcript(self.words)


@pytest.fixture
def said_over(hold):
    """What happens when ``text`` is said in the middle of the reply; events count from its first sample."""

    def run(text: str, *, hears_claims: bool = True):
        espeak = own_espeak()
        pcm = resample(espeak.speak(text, SPEAKER).pcm, espeak.sample_rate, SAMPLE_RATE)

        async def script(client, session):
            await asyncio.sleep(0.5)
            session.read("first")
            await asyncio.sleep(AT)
            client.say(pcm)

        def real(engines):
            return replace(engines, recognizer=Understands(text), open_voice_activity=InlineVoiceActivity)

        policy = {"interruption": Judged(hears_claims=hears_claims)}
        return hold(script, reply=lambda _: REPLY, conversation=policy, seconds=7, adjust=real)

    return run


@pytest.mark.parametrize("text", ["Mm-hmm.", "Of course."])
def test_a_listener_is_talked_over_without_a_gap(said_over, text):
    held = said_over(text)
    assert not held.of(EventType.HELD, EventType.INTERRUPTED)


@pytest.mark.parametrize("text", ["Could you tell me where the station is?", "Wait a moment, please."])
def test_who_wants_the_floor_gets_it_within_400_ms(said_over, text):
    held = said_over(text)
    assert held.of(EventType.HELD)[0].t - (0.5 + AT) <= 0.44  # with the wait for the frame's end
    assert len(held.of(EventType.INTERRUPTED)) == 1
    assert not held.of(EventType.RESUMED_REPLY)


def test_by_the_mouth_alone_a_listener_of_two_words_makes_it_fall_silent(said_over):
    """So the rule without a network is another one, and still there."""
    assert said_over("That's true.", hears_claims=False).of(EventType.HELD)


@pytest.mark.parametrize("hears", [True, False], ids=["on", "off"])
def test_the_configuration_says_whether_claims_are_heard(hears):
    options = TurnTakingConfig(interruption=InterruptionConfig(hears_claims=hears))
    policy = interruption_policy(options)
    assert policy is not None
    assert policy.hears_claims is hears
