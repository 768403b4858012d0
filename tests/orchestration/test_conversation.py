"""What happens between a user and the agent, on virtual time with scripted engines."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from avatar.motion import Column
from orchestration.session.events import EventType
from orchestration.simulation.scripted import WORD_SECONDS, spoken


def says(*parts: tuple[float, int, float]):
    """A script: wait, then say utterance ``number`` for so many seconds; repeatedly."""

    async def script(client, session):
        for wait, number, seconds in parts:
            await asyncio.sleep(wait)
            client.say(spoken(number, seconds))

    return script


def assistant_turns(held) -> list[str]:
    return [turn.text for turn in held.dialogue.transcript() if turn.role == "assistant"]


def user_turns(held) -> list[str]:
    return [turn.text for turn in held.dialogue.transcript() if turn.role == "user"]


def test_a_spoken_turn_is_answered_and_the_floor_goes_round(hold):
    held = hold(says((1.0, 0, 1.0)), seconds=8)
    assert held.floors() == ["user", "thinking", "agent", "nobody"]
    assert held.texts(EventType.FINAL_TRANSCRIPT) == ["first"]
    assert held.texts(EventType.HEARD) == ["You said first."]
    assert user_turns(held) == ["first"]
    assert assistant_turns(held) == ["You said first."]


def test_every_frame_has_a_face_and_pts_rise_by_one(hold):
    held = hold(says((1.0, 0, 1.0)), seconds=8)
    assert [frame.pts for frame in held.recording.frames] == list(range(len(held.recording.frames)))
    assert 200 <= len(held.recording.frames) <= 203
    assert held.counts()["face_missed"] == 0


def test_the_same_script_gives_the_same_bytes(hold):
    first, second = (hold(says((1.0, 0, 1.0), (3.0, 1, 0.6)), seconds=10) for _ in range(2))
    assert first.recording.events == second.recording.events
    assert np.array_equal(first.recording.motion(), second.recording.motion())
    assert np.array_equal(first.recording.agent_pcm(), second.recording.agent_pcm())


def test_partial_transcripts_come_while_the_user_is_still_speaking(hold):
    held = hold(says((0.5, 0, 3.0)), seconds=8)
    ended = held.of(EventType.TURN_ENDED)[0].t
    partials = held.of(EventType.PARTIAL_TRANSCRIPT)
    assert partials
    assert all(event.t < ended for event in partials)


def test_a_pause_shorter_than_the_end_of_turn_makes_one_turn_of_both_parts(hold):
    def slow(engines):
        engines.recognizer.delay = 0.4

    held = hold(says((1.0, 0, 0.8), (0.8 + 0.36, 1, 0.8)), seconds=9, adjust=slow)
    assert held.texts(EventType.FINAL_TRANSCRIPT) == ["first second"]
    assert held.engines.recognizer.cancelled >= 1, "what was speculated at the pause is thrown away"


def test_transcription_starts_at_the_pause_and_is_ready_at_the_decision(hold):
    held = hold(says((1.0, 0, 1.0)), seconds=8)
    latency = held.of(EventType.LATENCY)[0].data
    assert latency["transcript"] == pytest.approx(latency["decision"], abs=1)


def test_orchestration_time_holds_neither_models_nor_the_deliberate_wait(hold):
    held = hold(says((1.0, 0, 1.0)), seconds=8)
    latency = held.of(EventType.LATENCY)[0].data
    assert latency["first_sound"] > 500
    assert 0 <= latency["orchestration"] <= 45, "at most the wait for the next tick"


def test_a_user_who_goes_on_while_the_agent_thinks_is_answered_once_with_everything(hold):
    def slow(engines):
        engines.language_model.first_token = 2.0

    held = hold(says((1.0, 0, 0.8), (0.8 + 1.0, 1, 0.8)), seconds=14, adjust=slow)
    assert [m.content for m in held.engines.language_model.asked[-1] if m.role == "user"] == ["first second"]
    assert assistant_turns(held) == ["You said first second."]


def test_a_user_who_goes_on_before_being_understood_loses_no_word(hold):
    def slow(engines):
        engines.recognizer.delay = 1.5

    held = hold(says((1.0, 0, 0.8), (0.8 + 0.8, 1, 0.8)), seconds=14, adjust=slow)
    assert user_turns(held) == ["first second"]


class TestDrafts:
    def test_the_silence_before_the_decision_is_used_to_answer(self, hold):
        turns = [
            hold(says((1.0, 0, 1.0)), seconds=8, conversation={"draft": draft}).of(EventType.LATENCY)[0].data
            for draft in (True, False)
        ]
        assert [turn["drafted"] for turn in turns] == [True, False]
        assert turns[0]["decision"] == turns[1]["decision"]
        assert turns[1]["first_sound"] - turns[0]["first_sound"] >= 80

    def test_nothing_is_heard_before_the_turn_is_over_however_fast_the_models_are(self, hold):
        def fast(engines):
            engines.recognizer.delay = engines.language_model.first_token = engines.synthesizer.delay = 0.001

        held = hold(says((1.0, 0, 1.0)), seconds=8, adjust=fast)
        latency = held.of(EventType.LATENCY)[0].data
        assert latency["first_token"] < latency["decision"] <= latency["first_sound"]
        assert latency["first_sound"] - latency["decision"] <= 45, "it waits for no more than the next tick"
        times = {event.type: event.t for event in held.recording.events}
        assert times[EventType.TURN_ENDED] <= times[EventType.FIRST_TOKEN], "nor is anything told"

    def test_of_a_draft_that_was_dropped_nothing_is_heard_told_or_remembered(self, hold):
        def fast(engines):
            engines.recognizer.delay = 0.05

        held = hold(says((1.0, 0, 0.8), (0.8 + 0.44, 1, 0.8)), seconds=9, adjust=fast)
        asked = [messages[-1].content for messages in held.engines.language_model.asked]
        assert asked == ["first", "first second"], "there was a draft"
        assert held.texts(EventType.REPLY_TEXT) == ["You said first second."]
        assert len(held.of(EventType.FIRST_TOKEN)) == 1
        assert {frame.generation for frame in held.recording.frames} == {0, 1}
        assert user_turns(held) == ["first second"]
        assert assistant_turns(held) == ["You said first second."]

    def test_words_typed_meanwhile_are_answered_too(self, hold):
        async def script(client, session):
            await asyncio.sleep(1)
            client.say(spoken(0, 1.0))
            await asyncio.sleep(1.0 + 0.45)  # the pause has been noticed, the turn isn't over
            session.read("and by the way")

        held = hold(script, seconds=9)
        assert held.engines.language_model.asked[-1][-1].content == "and by the way first"
        assert len(assistant_turns(held)) == 1

    def test_a_draft_whose_engine_fails_apologises_only_when_its_turn_comes(self, hold):
        def broken(engines):
            engines.recognizer.delay = 0.05
            engines.language_model.failures.left = 2

        held = hold(says((1.0, 0, 1.0)), seconds=9, adjust=broken)
        ended = held.of(EventType.TURN_ENDED)[0].t
        assert all(event.t < ended for event in held.of(EventType.ENGINE_FAILED))
        assert held.of(EventType.FALLBACK)[0].t >= ended
        assert held.texts(EventType.HEARD) == ["I am sorry"]

    def test_a_second_turn_is_drafted_as_well(self, hold):
        held = hold(says((1.0, 0, 1.0), (6.0, 1, 1.0)), seconds=14)
        assert [event.data["drafted"] for event in held.of(EventType.LATENCY)] == [True, True]
        assert [m.content for m in held.engines.language_model.asked[-1][1:]] == [
            "first",
            "You said first.",
            "second",
        ]


class TestBargeIn:
    REPLY = "one two three four five six seven eight nine ten."

    def held(self, hold, **options):
        # the first turn ends at 2.0 s, the agent speaks from about 2.9 s
        return hold(says((1.0, 0, 1.0), (3.0, 1, 1.0)), seconds=14, reply=lambda _: self.REPLY, **options)

    def test_the_sound_stops_and_the_floor_goes_to_the_user(self, hold):
        held = self.held(hold)
        assert held.floors()[:5] == ["user", "thinking", "agent", "user", "thinking"]
        interrupted = held.of(EventType.INTERRUPTED)[0]
        after = [f for f in held.recording.frames if f.pts > interrupted.pts + 1][:15]
        assert not any(frame.pcm.any() for frame in after)

    def test_the_agent_gives_way_within_the_configured_time(self, hold):
        held = self.held(hold)
        onset = next(e for e in held.of(EventType.SPEECH_STARTED) if e.t > 3).t
        assert held.of(EventType.INTERRUPTED)[0].t - onset <= 0.2

    def test_one_packet_tells_the_client_to_flush(self, hold):
        held = self.held(hold)
        assert sum(frame.flush for frame in held.recording.frames) == 1

    def test_the_mouth_is_closed_within_100_ms(self, hold):
        held = self.held(hold)
        flushed = next(n for n, frame in enumerate(held.recording.frames) if frame.flush)
        jaw = held.recording.motion()[flushed - 1 : flushed + 6, Column.jawOpen]
        assert jaw[0] > 0.1
        assert jaw[3:].max() < 0.01

    def test_memory_keeps_only_the_words_that_were_played(self, hold):
        held = self.held(hold)
        heard = held.of(EventType.HEARD)[0]
        frames = [f for f in held.recording.frames if f.speech and f.generation == heard.generation]
        sent = int(len(frames) * 0.04 / WORD_SECONDS)
        words = heard.data["text"].split()
        assert heard.data["interrupted"]
        assert self.REPLY.startswith(" ".join(words))
        assert sent - 1 <= len(words) <= sent
        assert assistant_turns(held)[0] == heard.data["text"]

    def test_no_frame_of_an_old_generation_follows_a_newer_one(self, hold):
        held = self.held(hold)
        generations = [frame.generation for frame in held.recording.frames]
        assert generations == sorted(generations)

    def test_a_short_sound_doesnt_stop_the_agent_but_is_remembered(self, hold):
        reply = "one two three four five six seven eight."
        script = says((1.0, 0, 1.0), (3.0, 1, 0.16))
        held = hold(script, seconds=14, reply=lambda _: reply)
        assert not held.of(EventType.INTERRUPTED)
        assert user_turns(held) == ["first", "second"]
        assert assistant_turns(held) == [reply]

    def test_nothing_stops_the_agent_when_barge_in_is_off(self, hold):
        held = self.held(hold, conversation={"barge_in": False})
        assert not held.of(EventType.INTERRUPTED)
        assert user_turns(held) == ["first", "second"]

    def test_a_client_that_never_acknowledges_is_taken_to_hear_nothing(self, hold):
        held = self.held(hold, client_acknowledges=False)
        assert assistant_turns(held) == []

    def test_a_client_that_said_it_wont_acknowledge_is_taken_to_hear_what_was_sent(self, hold):
        held = self.held(hold, client_acknowledges=False, acknowledges=False)
        assert assistant_turns(held)[0].startswith("one two")


class TestTypedTurns:
    def test_a_typed_turn_is_answered(self, hold):
        async def script(client, session):
            await asyncio.sleep(1)
            session.read("hello there")

        held = hold(script, seconds=6)
        assert held.floors() == ["thinking", "agent", "nobody"]
        assert assistant_turns(held) == ["You said hello there."]

    def test_a_typed_turn_interrupts_the_agent(self, hold):
        async def script(client, session):
            await asyncio.sleep(1)
            session.read("one two three four five six")
            await asyncio.sleep(1.5)
            session.read("stop")

        held = hold(script, seconds=9)
        assert len(held.of(EventType.INTERRUPTED)) == 1
        assert assistant_turns(held)[-1] == "You said stop."

    def test_two_typed_turns_at_once_race_to_one_answer_with_both(self, hold):
        async def script(client, session):
            await asyncio.sleep(1)
            session.read("one")
            session.read("two")

        held = hold(script, seconds=6)
        assert assistant_turns(held) == ["You said one two."]
        assert held.counts()["internal_error"] == 0


class TestFailures:
    def test_a_language_model_that_fails_once_is_asked_again(self, hold):
        held = hold(says((1.0, 0, 1.0)), adjust=lambda e: setattr(e.language_model.failures, "left", 1))
        assert assistant_turns(held) == ["You said first."]
        assert held.counts()["engine_failed"] == 1
        assert held.counts()["fallback"] == 0

    def test_a_language_model_that_fails_for_good_is_answered_by_the_apology(self, hold):
        held = hold(says((1.0, 0, 1.0)), adjust=lambda e: setattr(e.language_model.failures, "left", 9))
        assert assistant_turns(held) == ["I am sorry"]
        assert held.counts()["fallback"] == 1
        assert user_turns(held) == ["first"], "what the user said is kept"

    def test_a_language_model_that_stalls_is_given_up_in_time(self, hold):
        held = hold(says((1.0, 0, 1.0)), adjust=lambda e: setattr(e.language_model.stalls, "left", 9))
        assert assistant_turns(held) == ["I am sorry"]

    def test_a_language_model_that_returns_nothing_is_answered_by_the_apology(self, hold):
        held = hold(says((1.0, 0, 1.0)), reply=lambda _: "")
        assert assistant_turns(held) == ["I am sorry"]

    def test_a_synthesizer_that_fails_once_speaks_the_clause_at_the_second_try(self, hold):
        held = hold(says((1.0, 0, 1.0)), adjust=lambda e: setattr(e.synthesizer.failures, "left", 1))
        assert assistant_turns(held) == ["You said first."]

    def test_a_synthesizer_that_fails_for_good_is_replaced_by_the_prepared_apology(self, hold):
        held = hold(says((1.0, 0, 1.0)), adjust=lambda e: setattr(e.synthesizer.failures, "left", 99))
        assert assistant_turns(held) == ["I am sorry"]

    def test_a_recognizer_that_fails_for_good_apologises_and_keeps_the_sound_for_the_next_turn(self, hold):
        script = says((1.0, 0, 0.6), (6.0, 1, 0.6))
        held = hold(script, adjust=lambda e: setattr(e.recognizer.failures, "left", 3))
        assert held.counts()["fallback"] == 1
        assert user_turns(held) == ["first second"]

    def test_a_face_that_doesnt_come_is_replaced_and_counted(self, hold):
        held = hold(says((1.0, 0, 1.0)), adjust=lambda e: setattr(e.faces, "miss_every", 5))
        frames = len(held.recording.frames)
        assert held.counts()["face_missed"] == frames // 5
        assert np.isfinite(held.recording.motion()).all()

    def test_the_face_slot_is_given_back_at_the_end(self, hold):
        held = hold(says((1.0, 0, 1.0)), seconds=4)
        assert held.engines.faces.open_now == 0


class TestLimits:
    def test_the_session_ends_at_its_longest_length_with_a_reason(self, hold):
        held = hold(says((1.0, 0, 1.0)), seconds=10, session_options={"max_seconds": 3})
        assert "limit of 3 s" in held.reason
        assert len(held.recording.frames) == 75

    def test_a_slow_reader_of_the_voice_holds_the_synthesizer_back(self, hold):
        long = " ".join(["word"] * 60) + "."
        held = hold(
            says((1.0, 0, 1.0)), seconds=30, reply=lambda _: long, session_options={"playout_limit": 1}
        )
        assert assistant_turns(held) == [long]

    def test_a_user_whose_sound_stops_coming_is_heard_as_silence_and_counted(self, hold):
        async def script(client, session):
            await asyncio.sleep(1)
            for pts in range(100_000, 100_005):
                session.hear(pts, spoken(0, 0.04))

        held = hold(script, seconds=3)
        assert held.counts()["user_late"] > 0
