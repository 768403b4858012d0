"""Whose voice it is, through whole conversations on virtual time; voices are told by a script."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.turn_taking.interruption import Judged
from orchestration.configuration import load_configuration
from orchestration.engines import EngineError
from orchestration.models.registry import load_registry
from orchestration.models.resolve import resolve
from orchestration.session.events import EventType
from orchestration.session.floor import Floor
from orchestration.session.voice_identity import VoiceIdentity
from orchestration.simulation.scripted import LEVEL_STEP, SPEECH_LEVEL, articulated, spoken
from orchestration.voices import ThreadedVoices, open_voices
from speech.audio import load_audio
from speech.speaker.encoder import SpeakerConfig
from speech.speaker.errors import SpeakerError
from speech.speaker.voices import KnownVoices

REPLY = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen."
USER, GUEST = 0, 1
WORDS = ("first", "we should leave at nine", "third", "fourth")


class ScriptedVoices:
    """Says whose utterance it hears: the guest's are those with an odd number."""

    def __init__(self) -> None:
        self.heard: list[float] = []  # seconds of each stretch
        self.learnt: list[int] = []

    async def hear(self, pcm):
        self.heard.append(pcm.size / 16_000)
        return self._directions(pcm)[0]

    async def learn(self, pcm):
        self.learnt.append(self._number(pcm) % 2)
        return self._directions(pcm)

    def _number(self, pcm) -> int:
        return round((float(np.median(np.abs(pcm))) - SPEECH_LEVEL) / LEVEL_STEP)

    def _directions(self, pcm):
        directions = np.zeros((2, 256), np.float32)
        directions[:, self._number(pcm) % 2] = 1
        return directions


class BrokenVoices(ScriptedVoices):
    async def hear(self, pcm):
        raise EngineError("the speaker encoder has no power")


@pytest.fixture
def meet(hold):
    """The user has a turn of two seconds; 1.4 s into the reply somebody speaks, for ``lasts`` seconds."""

    def run(number: int, lasts: float, *, words=WORDS, voices=None, policy=None, more=(), **options):
        listening = voices or ScriptedVoices()

        async def script(client, session):
            await asyncio.sleep(1.0)
            client.say(spoken(USER, 2.0))
            await asyncio.sleep(4.5)
            client.say(articulated(number, lasts))
            for wait, again, length in more:
                await asyncio.sleep(wait)
                client.say(articulated(again, length))

        held = hold(
            script,
            words,
            reply=lambda _: REPLY,
            adjust=lambda engines: replace(engines, voices=listening),
            conversation={"interruption": policy or Judged()},
            **{"seconds": 14, **options},
        )
        return held, listening

    return run


def transcript(held) -> list[tuple[str, str]]:
    return [(turn.role, turn.text) for turn in held.dialogue.transcript()]


class TestSomebodyElse:
    def test_the_agent_goes_on_while_they_still_speak_and_says_everything(self, meet):
        held, _ = meet(GUEST, 1.6)
        [silent], [resumed] = held.of(EventType.HELD), held.of(EventType.RESUMED_REPLY)
        assert resumed.t - silent.t <= 0.6
        assert resumed.data["stranger"] > 0.9
        assert not held.of(EventType.INTERRUPTED)
        assert transcript(held) == [("user", "first"), ("assistant", REPLY)]

    def test_what_they_said_is_told_as_theirs_and_is_no_turn(self, meet):
        held, _ = meet(GUEST, 1.6)
        told = held.of(EventType.FINAL_TRANSCRIPT)[-1].data
        assert told == {"text": WORDS[1], "overlapped": True, "stranger": True}

    def test_they_stop_it_by_a_command(self, meet):
        held, _ = meet(GUEST, 1.2, words=("first", "stop it please", "third"))
        assert len(held.of(EventType.INTERRUPTED)) == 1
        assert ("user", "stop it please") in transcript(held)

    def test_they_get_the_floor_when_they_insist_and_are_known_from_then_on(self, meet):
        held, voices = meet(GUEST, 4.8, seconds=16)
        began = held.of(EventType.HELD)[0].t
        assert 2.0 <= held.of(EventType.INTERRUPTED)[0].t - began <= 3.2
        assert ("user", WORDS[1]) in transcript(held)
        assert voices.learnt == [USER, GUEST]

    def test_who_goes_on_after_a_breath_does_not_make_it_fall_silent_again(self, meet):
        held, _ = meet(GUEST, 1.2, more=[(1.7, GUEST, 0.5)])
        assert len(held.of(EventType.HELD)) == 1
        assert not held.of(EventType.INTERRUPTED)


class TestTheUser:
    def test_an_interruption_stops_it_as_soon_as_without_anybody_who_tells_voices(self, meet, hold):
        held, voices = meet(2, 2.0)
        assert voices.heard and min(voices.heard) >= 0.56
        assert len(held.of(EventType.HELD)) == len(held.of(EventType.INTERRUPTED)) == 1
        assert not held.of(EventType.RESUMED_REPLY)
        assert held.of(EventType.INTERRUPTED)[0].t - held.of(EventType.HELD)[0].t <= 0.6

    def test_without_a_turn_to_know_them_by_nobody_is_a_stranger(self, hold):
        voices = ScriptedVoices()

        async def script(client, session):
            session.read("please talk")
            await asyncio.sleep(2.0)
            client.say(articulated(GUEST, 1.6))

        held = hold(
            script,
            reply=lambda _: REPLY,
            adjust=lambda engines: replace(engines, voices=voices),
            conversation={"interruption": Judged()},
            seconds=8,
        )
        assert len(held.of(EventType.INTERRUPTED)) == 1
        assert not voices.heard

    def test_a_model_that_fails_is_counted_and_lets_everybody_interrupt(self, meet):
        held, _ = meet(GUEST, 2.0, voices=BrokenVoices())
        assert "no power" in held.of(EventType.ENGINE_FAILED)[0].data["message"]
        assert len(held.of(EventType.INTERRUPTED)) == 1

    def test_nobody_who_speaks_while_the_agent_is_silent_is_doubted(self, meet):
        held, voices = meet(GUEST, 1.5, seconds=16, more=[(6.0, GUEST + 2, 1.5)])
        assert [text for role, text in transcript(held) if role == "user"] == ["first", "fourth"]
        assert voices.learnt == [USER, GUEST]


async def test_nobody_is_judged_by_a_voice_that_is_mixed_with_the_agents_own():
    voices = ScriptedVoices()
    identity = VoiceIdentity(voices, failed=pytest.fail)

    async def say(holder: Floor, number: int, seconds: float, echo: float) -> None:
        for frame in articulated(number, seconds).reshape(-1, 640):
            identity.hear(holder, frame, 1.0)
            if holder is Floor.AGENT:
                identity.overheard(echo)
            await asyncio.sleep(0)

    await say(Floor.USER, USER, 2.0, 0.0)
    await say(Floor.AGENT, GUEST, 1.0, 0.3)
    assert identity.stranger is None and not voices.heard
    identity.forget()
    await say(Floor.AGENT, GUEST, 1.0, 0.05)
    assert identity.stranger > 0.9
    identity.close()


class TestOpening:
    def test_a_configuration_without_the_model_says_that_voices_are_not_told_apart(self, caplog):
        configuration = load_configuration("default", models=False).model_copy(update={"speaker": None})
        with caplog.at_level("INFO"):
            assert open_voices(configuration) is None
        assert "no `speaker` section" in caplog.text

    def test_a_missing_model_is_told_with_its_remedy(self):
        configuration = load_configuration("default", models=False)
        missing = configuration.model_copy(update={"speaker": SpeakerConfig(model="nowhere.pt")})
        with pytest.raises(SpeakerError, match=r"nowhere\.pt.*visavis models install"):
            open_voices(missing)

    async def test_the_real_model_tells_a_person_from_others_off_the_loop(
        self, asterisk_prompts: dict[str, Path]
    ):
        assert torch  # loaded, so that no other process has to read the weights
        model = resolve("ge2e-speaker", "speaker", load_registry()).location
        voices = ThreadedVoices(SpeakerConfig(model=model))
        known = KnownVoices()
        known.learn(await voices.learn(load_audio(asterisk_prompts["vm-nobodyavail"])), 2.5)
        user = known.likeness(await voices.hear(load_audio(asterisk_prompts["vm-options"])))
        other = known.likeness(await voices.hear(load_audio(asterisk_prompts["tt-monkeys"])[:32_000]))
        assert user > 0.8 > 0.7 > other
        with pytest.raises(EngineError, match="speaker encoder"):
            await voices.hear(np.zeros(16_000, np.float32))
