"""The agent as a listener and as somebody who thinks, beside its replies, in virtual time."""

from __future__ import annotations

import asyncio
import functools

import numpy as np
import pytest
import soxr

from agents.turn_taking.backchannel import BackchannelRates
from agents.turn_taking.interruption import Judged
from avatar.motion import Column
from orchestration.aside import in_frames
from orchestration.media import AGENT_SAMPLE_RATE, FRAME_SECONDS, USER_SAMPLE_RATE
from orchestration.session.conversation import MOUTH_OPEN
from orchestration.session.events import EventType
from orchestration.session.presence import PresenceOptions
from orchestration.session.thinking_visibly import ThinkingOptions
from orchestration.simulation.scripted import spoken
from speech.recognizer import Transcript

LISTENING = PresenceOptions(listening=BackchannelRates(nods=60, sounds=60))
NODDING = PresenceOptions(listening=BackchannelRates(nods=60, sounds=0))
THINKING = PresenceOptions(thinking=ThinkingOptions())
REPLY_LEVEL, ASIDE_LEVEL = 0.2, 0.05  # of the scripted voice, of the asides here


def melody(*parts: tuple[float, float]) -> np.ndarray:
    """A humming user: (seconds, Hz) after (seconds, Hz), 0 Hz for silence."""
    hz = np.concatenate([np.full(round(s * USER_SAMPLE_RATE / 640) * 640, f) for s, f in parts])
    phase = 2 * np.pi * np.cumsum(hz) / USER_SAMPLE_RATE
    return np.where(hz > 0, 0.2 * np.sin(phase) + 0.1 * np.sin(2 * phase), 0).astype(np.float32)


FALLING = [(1.2, 140.0), (0.28, 95.0), (0.8, 140.0)]
STORY = melody(*FALLING, *FALLING, *FALLING, *FALLING)


def hums(sound: np.ndarray, wait: float = 1.0):
    async def script(client, session):
        await asyncio.sleep(wait)
        client.say(sound)

    return script


def speaks_in_parts(wait: float = 1.0, parts: int = 6, seconds: float = 1.2, pause: float = 0.44):
    """One turn in several parts, with pauses that don't end it."""

    async def script(client, session):
        await asyncio.sleep(wait)
        for _ in range(parts):
            client.say(spoken(0, seconds))
            client.say(np.zeros(round(pause * USER_SAMPLE_RATE), np.float32))

    return script


def with_asides(seconds: float = 0.4, *, understood: str = "a long story", filler: str = ""):
    """Soft words that are ready, and a recogniser that understands humming."""

    def adjust(engines) -> None:
        pcm = np.full(round(seconds * AGENT_SAMPLE_RATE), ASIDE_LEVEL, np.float32)
        engines.asides.soft.extend((in_frames("mm-hmm", pcm), in_frames("uh-huh", pcm)))
        if filler:
            engines.asides.fillers.append(in_frames(filler, 4 * pcm))

        async def transcribe(pcm, *, words=True):
            await asyncio.sleep(0.2)
            return Transcript(understood, compute=0.2)

        engines.recognizer.transcribe = transcribe

    return adjust


def at(held) -> np.ndarray:
    """Level of every packet's sound."""
    return np.array([np.abs(frame.pcm).max() for frame in held.recording.frames])


def presence(options: PresenceOptions) -> dict[str, object]:
    return {"session_options": {"presence": options}}


def gaze(held) -> np.ndarray:
    motion = held.recording.motion()
    yaw = motion[:, Column.headYaw] + motion[:, Column.leftEyeYaw]
    pitch = motion[:, Column.headPitch] + motion[:, Column.leftEyePitch]
    return np.degrees(np.hypot(yaw, pitch))


class TestListening:
    def test_pauses_inside_a_turn_are_answered_by_nods_that_leave_the_floor_to_the_user(self, hold):
        held = hold(speaks_in_parts(), seconds=14, **presence(NODDING))
        given = held.of(EventType.BACKCHANNEL)
        assert len(given) >= 2
        assert all(event.data == {"nod": True, "sound": "", "cue": "pause"} for event in given)
        assert held.floors() == ["user", "thinking", "agent", "nobody"]
        pitch = held.recording.motion()[:, Column.headPitch]
        for event in given:
            assert pitch[event.pts : event.pts + 12].max() > np.radians(1)
        assert not at(held)[: given[-1].pts + 12].any(), "a nod makes no sound"

    def test_a_fall_in_pitch_is_answered_by_a_soft_word_with_closed_lips(self, hold):
        held = hold(hums(STORY), seconds=16, adjust=with_asides(), **presence(LISTENING))
        words = [event for event in held.of(EventType.BACKCHANNEL) if event.data["sound"]]
        assert len(words) >= 2
        assert {event.data["cue"] for event in words} == {"low_pitch"}
        assert words[0].data["sound"] != words[1].data["sound"], "never the same word twice in a row"
        level = at(held)
        for event in words:
            sounding = slice(event.pts + 1, event.pts + 11)
            np.testing.assert_allclose(level[sounding], ASIDE_LEVEL, atol=1e-3)
            assert level[event.pts] == level[event.pts + 11] == 0
            frames = held.recording.frames[sounding]
            assert not any(frame.speech for frame in frames)
            assert max(frame.motion[Column.jawOpen] for frame in frames) < MOUTH_OPEN
        assert held.floors() == ["user", "thinking", "agent", "nobody"]

    def test_what_is_said_while_listening_is_neither_remembered_nor_a_reply(self, hold):
        held = hold(hums(STORY), seconds=16, adjust=with_asides(), **presence(LISTENING))
        assert [turn.text for turn in held.dialogue.transcript()] == [
            "a long story",
            "You said a long story.",
        ]
        assert [event.data["text"] for event in held.of(EventType.HEARD)] == ["You said a long story."]
        assert len(held.of(EventType.FIRST_SOUND)) == 1

    def test_a_reply_cuts_a_soft_word_at_once(self, hold):
        short = melody((1.2, 140.0), (0.28, 95.0), (0.68, 140.0))
        held = hold(hums(short), seconds=10, adjust=with_asides(seconds=3.0), **presence(LISTENING))
        (word,) = [event for event in held.of(EventType.BACKCHANNEL) if event.data["sound"]]
        first = held.of(EventType.FIRST_SOUND)[0].pts
        assert word.pts < first < word.pts + 75, "it would have gone on"
        level = at(held)
        np.testing.assert_allclose(level[word.pts + 1 : first], ASIDE_LEVEL, atol=1e-3)
        reply = held.recording.frames[first]
        cut = round(0.008 * AGENT_SAMPLE_RATE)
        np.testing.assert_allclose(reply.pcm[cut:], REPLY_LEVEL, atol=1e-3)
        assert np.abs(reply.pcm[:cut]).max() <= REPLY_LEVEL + ASIDE_LEVEL + 1e-3
        over = first + round(4 * 0.3 / FRAME_SECONDS) + 5
        assert not level[over + 20 :].any(), "and it doesn't go on after the reply"

    def test_a_user_who_has_interrupted_is_only_listened_to_for_a_while(self, hold):
        def long(messages):
            return "one two three four five six seven eight nine ten eleven twelve"

        async def script(client, session):
            await asyncio.sleep(0.5)
            client.say(spoken(0, 0.8))
            await asyncio.sleep(3.0)
            for _ in range(6):
                client.say(spoken(1, 1.2))
                client.say(np.zeros(round(0.44 * USER_SAMPLE_RATE), np.float32))

        held = hold(script, seconds=16, reply=long, **presence(NODDING))
        interrupted = held.of(EventType.INTERRUPTED)[0].t
        after = [event.t for event in held.of(EventType.BACKCHANNEL) if event.t > interrupted]
        assert after
        assert min(after) >= interrupted + 3.0 - 2 * FRAME_SECONDS

    def test_while_the_agent_speaks_nothing_is_answered(self, hold):
        async def script(client, session):
            await asyncio.sleep(0.5)
            client.say(spoken(0, 0.8))
            await asyncio.sleep(2.6)
            client.say(STORY)

        def long(messages):
            return " ".join(["word"] * 40)

        held = hold(
            script, seconds=14, reply=long, adjust=with_asides(), conversation={"barge_in": False},
            **presence(LISTENING),
        )  # fmt: skip
        first = held.of(EventType.FIRST_SOUND)[0].t
        assert [event for event in held.of(EventType.BACKCHANNEL) if event.t > first] == []

    @pytest.mark.parametrize(
        ("policy", "resumed"),
        [(Judged(), 0), (None, 1)],
        ids=["with an ear for echo", "without one, which shows that there is something to be heard"],
    )
    def test_the_echo_of_a_soft_word_isn_t_speech_of_the_user_s(self, hold, policy, resumed):
        story = melody((1.2, 140.0), (0.28, 95.0), (0.56, 140.0), (1.6, 0.0)).reshape(-1, 640)

        def adjust(engines):
            with_asides()(engines)
            rng = np.random.default_rng(4)
            murmur = np.repeat(rng.uniform(-0.8, 0.8, AGENT_SAMPLE_RATE * 6 // 25 // 8), 8)  # 240 ms
            engines.asides.soft[:] = [in_frames("mm-hmm", murmur.astype(np.float32))]

        async def script(client, session):
            await asyncio.sleep(1.0)
            for frame in story:
                sent = client.recording.frames[-5].pcm  # 200 ms ago
                back = soxr.resample(sent, AGENT_SAMPLE_RATE, USER_SAMPLE_RATE).astype(np.float32)
                client.say(frame + 0.3 * back)
                await asyncio.sleep(FRAME_SECONDS)

        conversation = {"interruption": policy, "answer_turns": False}
        held = hold(script, seconds=7, adjust=adjust, conversation=conversation, **presence(LISTENING))
        assert [bool(event.data["sound"]) for event in held.of(EventType.BACKCHANNEL)].count(True) == 1
        assert len(held.of(EventType.SPEECH_RESUMED)) == resumed

    @pytest.mark.parametrize(
        ("needed", "words", "nods"),
        [
            pytest.param(0.9, True, True, id="where the user surely goes on, words too"),
            pytest.param(0.65, False, True, id="where nobody can say, nods only"),
            pytest.param(0.3, False, False, id="where the user has finished, nothing"),
        ],
    )
    def test_the_end_of_turn_says_what_a_pause_is_answered_with(self, hold, needed, words, nods):
        class Says:
            def __init__(self, wait, failed):
                self._wait, self._pausing = wait, False

            def paused(self, pcm, transcript, asked):
                self._pausing = True
                self._wait(needed)

            def stop(self):
                self._pausing = False

            def report(self):
                return {"needed": needed, "smart_turn": 0.5} if self._pausing else {}

        def adjust(engines):
            with_asides()(engines)
            object.__setattr__(engines, "open_turn_judge", Says)

        script = speaks_in_parts(seconds=1.6, pause=0.56)
        held = hold(script, seconds=17, adjust=adjust, **presence(LISTENING))
        given = held.of(EventType.BACKCHANNEL)
        assert any(event.data["sound"] for event in given) == words
        assert any(event.data["nod"] for event in given) == nods
        assert all(event.data["cue"] == "pause" for event in given)

    def test_an_agent_without_prepared_words_nods_instead(self, hold):
        def understood(engines):
            with_asides()(engines)
            engines.asides.soft.clear()

        held = hold(hums(STORY), seconds=16, adjust=understood, **presence(LISTENING))
        given = held.of(EventType.BACKCHANNEL)
        assert given
        assert all(event.data["nod"] and not event.data["sound"] for event in given)

    def test_the_same_script_gives_the_same_bytes(self, hold):
        first, second = (
            hold(hums(STORY), seconds=14, adjust=with_asides(), **presence(LISTENING)) for _ in range(2)
        )
        assert first.recording.events == second.recording.events
        assert np.array_equal(first.recording.motion(), second.recording.motion())
        assert np.array_equal(first.recording.agent_pcm(), second.recording.agent_pcm())


def slow(seconds: float):
    def adjust(engines) -> None:
        engines.language_model.first_token = seconds

    return adjust


def says_first():
    async def script(client, session):
        await asyncio.sleep(1.0)
        client.say(spoken(0, 1.0))

    return script


class TestThinking:
    def test_a_slow_reply_makes_the_face_look_away_and_back_as_it_begins(self, hold):
        held = hold(says_first(), seconds=12, adjust=slow(2.6), **presence(THINKING))
        thinking = next(e for e in held.of(EventType.FLOOR) if e.data["holder"] == "thinking").pts
        first = held.of(EventType.FIRST_SOUND)[0].pts
        away = gaze(held)
        assert away[: thinking + 14].max() < 0.1
        assert away[thinking + 20 : first - 12].min() > 3
        assert away[first:].max() < 1.5, "the eyes are back with the first sound"

    def test_a_quick_reply_lets_the_eyes_rest_on_the_user(self, hold):
        held = hold(says_first(), seconds=8, **presence(THINKING))
        assert held.of(EventType.FIRST_SOUND)
        assert gaze(held).max() < 0.1

    def test_eyes_come_back_to_a_user_who_goes_on(self, hold):
        async def script(client, session):
            await asyncio.sleep(1.0)
            client.say(spoken(0, 1.0))
            await asyncio.sleep(3.5)
            client.say(spoken(1, 1.5))

        held = hold(script, seconds=8, adjust=slow(9.0), **presence(THINKING))
        user_again = held.of(EventType.SPEECH_STARTED)[1].pts
        away = gaze(held)
        assert away[user_again - 2] > 3
        assert away[user_again + 6 : user_again + 30].max() < 0.5

    def test_nothing_is_said_into_a_wait_unless_configured(self, hold):
        held = hold(says_first(), seconds=12, adjust=slow(2.6), **presence(THINKING))
        assert held.of(EventType.FILLER) == []
        assert not at(held)[: held.of(EventType.FIRST_SOUND)[0].pts].any()

    @pytest.mark.parametrize(("wait", "fillers"), [(2.6, 1), (0.6, 0)], ids=["a long wait", "a short one"])
    def test_a_filler_is_said_once_with_moving_lips_into_a_long_wait(self, hold, wait, fillers):
        def adjust(engines):
            slow(wait)(engines)
            with_asides(filler="let me see", understood="first")(engines)

        held = hold(says_first(), seconds=12, adjust=adjust, **presence(THINKING))
        said = held.of(EventType.FILLER)
        assert len(said) == fillers
        for event in said:
            thinking = next(e for e in held.of(EventType.FLOOR) if e.data["holder"] == "thinking").t
            assert event.t - thinking == pytest.approx(1.5, abs=0.08)
            frames = held.recording.frames[event.pts + 1 : event.pts + 9]
            assert all(frame.motion[Column.jawOpen] >= MOUTH_OPEN for frame in frames)
        assert held.floors() == ["user", "thinking", "agent", "nobody"]
        assert [turn.text for turn in held.dialogue.transcript()] == ["first", "You said first."]

    def test_a_user_who_goes_on_silences_the_filler(self, hold):
        def adjust(engines):
            slow(9.0)(engines)
            with_asides(seconds=3.0, filler="let me see", understood="first")(engines)

        async def script(client, session):
            await asyncio.sleep(1.0)
            client.say(spoken(0, 1.0))
            await asyncio.sleep(3.4)
            client.say(spoken(1, 2.0))

        held = hold(script, seconds=8, adjust=adjust, **presence(THINKING))
        user_again = held.of(EventType.SPEECH_STARTED)[1].pts
        level = at(held)
        assert level[user_again - 1] > 0.1
        assert not level[user_again + 2 :].any()


def test_a_session_without_these_options_is_what_it_was(hold):
    silent = functools.partial(hold, hums(STORY), seconds=12)
    held = silent(adjust=with_asides())
    assert held.of(EventType.BACKCHANNEL, EventType.FILLER) == []
    motion = held.recording.motion()
    assert not motion[:, Column.headPitch].any(), "the scripted face keeps its head still"
