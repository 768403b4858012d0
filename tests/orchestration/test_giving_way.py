"""What happens when somebody speaks while the agent does, on virtual time with scripted engines.

The scripted user's sound is a level without any spectrum, so the tests give the policy the mouth it needs: a
sound held still counts as inarticulate speech, which makes the agent fall silent after .56 s.
"""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from agents.turn_taking.interruption import Judged, MinWords
from avatar.motion import Column
from orchestration.session.events import EventType
from orchestration.simulation.scripted import WORD_SECONDS, spoken

REPLY = "one two three four five six seven eight nine ten eleven twelve."
JUDGED = {"interruption": Judged(later=0.32)}


def says(*parts: tuple[float, int, float]):
    """A script: wait, then say utterance ``number`` for so many seconds; repeatedly."""

    async def script(client, session):
        for wait, number, seconds in parts:
            await asyncio.sleep(wait)
            client.say(spoken(number, seconds))

    return script


@pytest.fixture
def overlap(hold):
    """The agent speaks from about 2.9 s on, and at 4 s somebody says ``words`` for so many seconds."""

    def run(words: str, spoken_for: float, *, understood_after: float = 0.2, **options):
        async def script(client, session):
            await says((1.0, 0, 1.0))(client, session)
            await asyncio.sleep(3)
            session.conversation.engines.recognizer.delay = understood_after
            client.say(spoken(1, spoken_for))

        options = {"conversation": JUDGED, "seconds": 11, **options}
        return hold(script, ("first", words, "third"), reply=lambda _: REPLY, **options)

    return run


def transcript(held) -> list[tuple[str, str]]:
    return [(turn.role, turn.text) for turn in held.dialogue.transcript()]


def loud(held) -> list[int]:
    return [frame.pts for frame in held.recording.frames if frame.pcm.any()]


class TestAListener:
    def test_a_short_yeah_changes_nothing_that_is_heard(self, overlap):
        held = overlap("Yeah.", 0.24)
        assert not held.of(EventType.HELD, EventType.INTERRUPTED)
        assert transcript(held) == [("user", "first"), ("assistant", REPLY)]
        pts = loud(held)
        assert pts[-1] - pts[0] + 1 == len(pts), "the sound has no gap"

    def test_it_is_told_as_a_listeners_word_and_not_remembered_as_a_turn(self, overlap):
        told = overlap("Yeah.", 0.24).of(EventType.FINAL_TRANSCRIPT)[-1]
        assert told.data == {"text": "Yeah.", "overlapped": True, "backchannel": True}

    def test_after_a_long_one_the_agent_goes_on_within_a_second_and_says_everything(self, overlap):
        held = overlap("okay, I see", 0.6)
        resumed = held.of(EventType.RESUMED_REPLY)
        assert len(held.of(EventType.HELD)) == len(resumed) == 1
        assert not held.of(EventType.INTERRUPTED)
        assert resumed[0].t - held.of(EventType.HELD)[0].t <= 1.0
        assert resumed[0].data["again"] <= WORD_SECONDS + 0.2
        assert transcript(held) == [("user", "first"), ("assistant", REPLY)]
        assert held.of(EventType.HEARD)[0].data == {"text": REPLY, "interrupted": False}

    def test_other_short_words_are_remembered_but_dont_stop_it(self, overlap):
        held = overlap("Tuesday", 0.24)
        assert not held.of(EventType.HELD, EventType.INTERRUPTED)
        assert ("user", "Tuesday") in transcript(held)

    def test_a_sound_without_words_is_forgotten(self, overlap):
        held = overlap("", 0.5)
        assert len(held.of(EventType.RESUMED_REPLY)) == 1
        assert transcript(held) == [("user", "first"), ("assistant", REPLY)]


class TestAnInterruption:
    WORDS = "please tell me about the tickets"

    def test_the_agent_is_silent_within_400_ms_and_stops_for_good(self, overlap):
        held = overlap(self.WORDS, 2.0)
        began = next(e for e in held.of(EventType.SPEECH_STARTED) if e.t > 3).t - 0.12
        assert held.of(EventType.HELD)[0].t - began <= 0.4
        assert len(held.of(EventType.INTERRUPTED)) == 1
        assert not held.of(EventType.RESUMED_REPLY)
        assert held.floors()[:5] == ["user", "thinking", "agent", "user", "thinking"]

    def test_the_mouth_is_closed_within_100_ms_of_falling_silent(self, overlap):
        held = overlap(self.WORDS, 2.0)
        flushed = next(n for n, frame in enumerate(held.recording.frames) if frame.flush)
        jaw = held.recording.motion()[flushed - 1 : flushed + 6, Column.jawOpen]
        assert jaw[0] > 0.1
        assert jaw[3:].max() < 0.01

    def test_memory_keeps_only_the_words_that_were_played(self, overlap):
        held = overlap(self.WORDS, 2.0)
        heard = held.of(EventType.HEARD)[0].data
        sent = int(sum(f.speech for f in held.recording.frames if f.generation <= 1) * 0.04 / WORD_SECONDS)
        assert heard["interrupted"]
        assert REPLY.startswith(heard["text"])
        assert sent - 1 <= len(heard["text"].split()) <= sent

    @pytest.mark.parametrize("delay", [0.2, 1.6], ids=["at once", "after the turn is over"])
    def test_a_short_command_stops_it_and_is_answered_however_late_it_is_understood(self, overlap, delay):
        held = overlap("Stop.", 0.24, understood_after=delay, seconds=15)
        assert len(held.of(EventType.INTERRUPTED)) == 1
        assert [role for role, _ in transcript(held)] == ["user", "assistant", "user", "assistant"]
        assert transcript(held)[2] == ("user", "Stop.")

    def test_when_no_words_come_the_one_who_speaks_gets_the_floor(self, overlap):
        held = overlap(self.WORDS, 1.2, understood_after=4.0, seconds=15)
        assert held.of(EventType.INTERRUPTED)[0].t - held.of(EventType.HELD)[0].t <= 0.95


class TestAHold:
    def test_a_recogniser_that_is_too_slow_lets_the_agent_go_on_within_its_limit(self, overlap):
        held = overlap("okay", 0.5, understood_after=3.0, seconds=15)
        gone_on = held.of(EventType.RESUMED_REPLY)[0]
        assert gone_on.data["held"] == pytest.approx(0.92, abs=0.05)
        assert transcript(held)[1] == ("assistant", REPLY)

    def test_a_recogniser_that_fails_does_so_too(self, overlap):
        def broken(engines):
            whole = engines.recognizer.transcribe

            async def transcribe(pcm, *, words=True):
                if (pcm > 0.105).any():
                    raise RuntimeError("scripted recognizer failure")
                return await whole(pcm, words=words)

            engines.recognizer.transcribe = transcribe

        held = overlap("okay", 0.5, adjust=broken)
        assert held.of(EventType.RESUMED_REPLY)[0].data["held"] <= 0.96
        assert transcript(held) == [("user", "first"), ("assistant", REPLY)]

    def test_every_frame_has_a_face_and_generations_only_rise(self, overlap):
        held = overlap("okay, I see", 0.6)
        generations = [frame.generation for frame in held.recording.frames]
        assert generations == sorted(generations)
        assert [frame.pts for frame in held.recording.frames] == list(range(len(generations)))
        assert sum(frame.flush for frame in held.recording.frames) == 1
        assert held.counts()["playout_underrun"] == 0

    def test_all_that_is_told_of_a_reply_names_one_generation(self, overlap):
        held = overlap("okay, I see", 0.6)
        of_reply = held.of(EventType.REPLY_TEXT, EventType.HELD, EventType.RESUMED_REPLY, EventType.HEARD)
        assert {event.generation for event in of_reply + held.of(EventType.REPLY_FINISHED)} == {1}

    @pytest.mark.parametrize("acknowledges", [True, False])
    def test_a_client_that_doesnt_tell_what_it_plays_is_remembered_to_have_heard_it_all(
        self, overlap, acknowledges
    ):
        held = overlap("okay", 0.5, client_acknowledges=acknowledges, acknowledges=acknowledges)
        assert transcript(held)[1] == ("assistant", REPLY)

    def test_words_that_are_typed_meanwhile_end_it(self, hold):
        async def script(client, session):
            await says((1.0, 0, 1.0), (3.0, 1, 0.6))(client, session)
            await asyncio.sleep(0.5)
            session.read("never mind")

        held = hold(script, ("first", "okay"), reply=lambda _: REPLY, conversation=JUDGED, seconds=15)
        assert held.of(EventType.HELD)
        assert ("user", "never mind") in transcript(held)
        assert held.counts()["internal_error"] == 0

    def test_a_session_may_end_in_it(self, overlap):
        held = overlap("okay", 0.6, seconds=4.6)
        assert held.of(EventType.HELD)
        assert held.counts()["internal_error"] == 0


def test_the_agents_own_voice_coming_back_is_nobody(hold):
    rng = np.random.default_rng(1)
    coarse = rng.normal(0, 0.2, 60_000)  # below 2 kHz, so that every third sample is enough for the way back
    voice = np.interp(np.arange(15 * 24_000) / 6, np.arange(60_000), coarse).astype(np.float32)
    said = 0

    async def script(client, session):
        heard = client.frame

        def echoing(frame):
            heard(frame)
            thirds = np.arange(640) * 1.5
            client.say(0.5 * np.interp(thirds, np.arange(960), frame.pcm).astype(np.float32))

        client.frame = echoing
        await asyncio.sleep(1)
        session.read("please talk")

    def speaks(engines):
        synthesize = engines.synthesizer.synthesize

        async def noisily(text, voice_name=None):
            nonlocal said
            async for chunk in synthesize(text, voice_name):
                chunk.pcm[:] = voice[said : said + len(chunk.pcm)]
                said += len(chunk.pcm)
                yield chunk

        engines.synthesizer.synthesize = noisily

    held = hold(script, reply=lambda _: REPLY, conversation=JUDGED, adjust=speaks, seconds=10)
    assert not held.of(EventType.HELD, EventType.INTERRUPTED, EventType.SPEECH_STARTED)
    assert transcript(held)[-1] == ("assistant", REPLY)


def test_a_policy_that_counts_words_stops_for_two(overlap):
    options = {"interruption": MinWords(2)}
    assert not overlap("okay", 1.0, conversation=options).of(EventType.INTERRUPTED)
    assert overlap("okay then", 1.6, conversation=options).of(EventType.INTERRUPTED)
