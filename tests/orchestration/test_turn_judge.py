"""How evidence about a pause decides when the turn is over, on virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from agents.language_model import LanguageModelError
from agents.turn_taking.end_of_turn import Evidence
from agents.turn_taking.question import Asked
from orchestration.engines import EngineError, Engines
from orchestration.session.events import EventType
from orchestration.session.turn_judge import Judging, TurnJudge, as_prompted
from orchestration.simulation.scripted import spoken


@dataclass
class Policy:
    """Waits as told for what is known, and keeps all that it was asked about."""

    first: float = 0.8  # seconds before anything is known
    sound: float | None = None
    words: dict[str, float] = field(default_factory=dict)
    ending: float | None = None
    asked: list[Evidence] = field(default_factory=list)

    def probability(self, evidence: Evidence) -> float:
        return evidence.smart_turn or 0.5

    def needed_silence(self, evidence: Evidence) -> float:
        self.asked.append(evidence)
        if evidence.ending is not None and self.ending is not None:
            return self.ending
        if evidence.text in self.words:
            return self.words[evidence.text]
        if evidence.smart_turn is not None and self.sound is not None:
            return self.sound
        return self.first


@dataclass
class Sound:
    """Calls every turn over after ``delay`` seconds."""

    delay: float = 0.1
    error: Exception | None = None
    heard: list[float] = field(default_factory=list)  # seconds of sound
    cancelled: int = 0

    async def listen(self, pcm):
        self.heard.append(pcm.size / 16_000)
        try:
            await asyncio.sleep(self.delay)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error:
            raise self.error
        return Evidence(smart_turn=0.9)


@dataclass
class Words:
    """Finds every text likely to end, or fails."""

    delay: float = 0.05
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)
    before: list[list[str]] = field(default_factory=list)  # what was said before, by anybody but the persona
    replies: list = field(default_factory=list)  # what the model that writes them was asked so far
    drafts: list[int] = field(default_factory=list)  # how many that were, ending by ending

    async def ending_probability(self, messages, text):
        self.asked.append(text)
        self.before.append([message.content for message in messages if message.role != "system"])
        self.drafts.append(len(self.replies))
        await asyncio.sleep(self.delay)
        if self.error:
            raise self.error
        return 0.5


def judged(
    policy: Policy,
    sound: Sound | None = None,
    words: Words | None = None,
    timeout: float = 1.0,
    asks: str = "when_unsure",
):
    def adjust(engines: Engines) -> Engines:
        if words is not None:
            words.replies = engines.language_model.asked
        judging = Judging(policy, sound, words, timeout, asks)
        return replace(engines, open_turn_judge=lambda wait, failed: TurnJudge(judging, wait, failed))

    return adjust


def says(*parts: tuple[float, int, float]):
    async def script(client, session):
        for wait, number, seconds in parts:
            await asyncio.sleep(wait)
            client.say(spoken(number, seconds))

    return script


ONCE = says((1.0, 0, 1.0))
ENDS = 2.0  # when the sound of ONCE is over, give or take the frames on their way


def decided(held) -> float:
    """Seconds from the end of the speech to the decision."""
    (event,) = held.of(EventType.TURN_ENDED)
    return event.t - event.data["speech_end"]


@pytest.mark.parametrize(
    ("policy", "needed"),
    [
        pytest.param(Policy(first=0.8), 0.8, id="nothing is known: the policy's own wait"),
        pytest.param(Policy(sound=0.24), 0.24, id="it sounds over: it ends early"),
        pytest.param(Policy(sound=1.6), 1.6, id="it sounds unfinished: it waits"),
        pytest.param(Policy(sound=1.6, words={"first": 0.4}), 0.4, id="the words come later and count more"),
        pytest.param(Policy(words={"first": 2.4}), 2.4, id="the words are unfinished"),
        pytest.param(Policy(words={"first": 1.0}, ending=0.6), 0.6, id="the language model thinks they end"),
    ],
)
def test_the_silence_that_ends_the_turn_follows_the_evidence(hold, policy: Policy, needed: float) -> None:
    held = hold(ONCE, seconds=10, adjust=judged(policy, Sound(), Words()))
    assert decided(held) == pytest.approx(needed, abs=0.081)
    assert held.of(EventType.TURN_ENDED)[0].data["needed"] == needed
    assert held.texts(EventType.HEARD) == ["You said first."]
    assert held.counts()["engine_failed"] == 0


@pytest.mark.parametrize(
    ("asks", "wait", "asked"),
    [
        pytest.param("when_unsure", 0.44, [], id="the words end the turn soon anyway: nobody is asked"),
        pytest.param("when_unsure", 1.2, ["first"], id="they ask for a long wait: there is time to ask"),
        pytest.param("always", 0.44, ["first"], id="always: whatever the words say"),
    ],
)
def test_the_language_model_is_asked_where_the_pause_is_unsure(hold, asks: str, wait: float, asked) -> None:
    words = Words()
    held = hold(ONCE, seconds=8, adjust=judged(Policy(words={"first": wait}), Sound(), words, asks=asks))
    assert words.asked == asked
    assert decided(held) == pytest.approx(wait, abs=0.081)


def test_a_wait_that_is_shorter_than_the_evidence_takes_ends_the_turn_at_once_when_it_comes(hold) -> None:
    held = hold(ONCE, seconds=10, adjust=judged(Policy(first=1.5, sound=0.1), Sound(delay=0.5)))
    assert decided(held) == pytest.approx(0.5 + 0.08, abs=0.081)


@pytest.mark.parametrize(
    ("slow", "timeout", "at"),
    [
        pytest.param(0.6, 1.0, 0.6, id="the words come late: decided when they are there"),
        pytest.param(1.5, 0.7, 0.7, id="they don't come in time: decided without them"),
    ],
)
def test_who_reads_decides_nothing_before_the_words_are_there(hold, slow, timeout, at) -> None:
    def adjust(engines: Engines) -> Engines:
        engines.recognizer.delay = slow
        judging = Judging(Policy(first=1.5, sound=0.24), Sound(), None, timeout, reads=True)
        return replace(engines, open_turn_judge=lambda wait, failed: TurnJudge(judging, wait, failed))

    held = hold(ONCE, seconds=12, adjust=adjust)
    assert decided(held) == pytest.approx(at + 0.08, abs=0.081)
    assert held.texts(EventType.FINAL_TRANSCRIPT) == ["first"]


def test_evidence_about_a_pause_that_is_over_is_dropped(hold) -> None:
    policy, sound = Policy(first=1.2, sound=0.2), Sound(delay=0.7)
    held = hold(
        says((1.0, 0, 0.8), (0.8 + 0.4, 1, 0.8)), seconds=10, adjust=judged(policy, sound, timeout=0.9)
    )
    assert held.texts(EventType.FINAL_TRANSCRIPT) == ["first second"]
    assert sound.cancelled == 1
    assert sound.heard[1] > sound.heard[0] + 1, "the second time it hears the whole turn"
    assert decided(held) == pytest.approx(0.7 + 0.08, abs=0.081)


def test_a_pause_longer_than_the_usual_silence_is_borne_when_the_words_are_unfinished(hold) -> None:
    policy = Policy(words={"first": 2.4, "first second": 0.4})
    held = hold(says((1.0, 0, 0.8), (0.8 + 1.6, 1, 0.8)), seconds=12, adjust=judged(policy))
    assert held.texts(EventType.FINAL_TRANSCRIPT) == ["first second"]
    assert held.texts(EventType.HEARD) == ["You said first second."]
    assert decided(held) == pytest.approx(0.4, abs=0.081)


def test_a_draft_that_is_done_long_before_the_decision_is_neither_heard_nor_remembered_till_then(
    hold,
) -> None:
    held = hold(ONCE, seconds=12, adjust=judged(Policy(first=3.0)))
    decision = held.of(EventType.TURN_ENDED)[0].t
    before = [event.type for event in held.recording.events if event.t < decision]
    assert EventType.FIRST_TOKEN not in before and EventType.REPLY_TEXT not in before
    assert not any(frame.speech for frame in held.recording.frames if frame.pts * 0.04 < decision - 0.04)
    latency = held.of(EventType.LATENCY)[0].data
    assert latency["drafted"] and latency["first_sound"] - latency["decision"] <= 45


def test_a_draft_made_in_a_borne_pause_leaves_no_trace(hold) -> None:
    policy = Policy(words={"first": 2.4, "first second": 0.4})
    held = hold(says((1.0, 0, 0.8), (0.8 + 1.8, 1, 0.8)), seconds=14, adjust=judged(policy))
    asked = [messages[-1].content for messages in held.engines.language_model.asked]
    assert asked == ["first", "first second"], "there was a draft"
    assert held.texts(EventType.REPLY_TEXT) == ["You said first second."]
    assert [turn.text for turn in held.dialogue.transcript()] == ["first second", "You said first second."]


@pytest.mark.parametrize(
    ("sound", "words"),
    [
        pytest.param(Sound(error=EngineError("broken")), None, id="the audio model fails"),
        pytest.param(Sound(delay=30), None, id="the audio model hangs"),
        pytest.param(None, Words(error=LanguageModelError("broken")), id="the language model fails"),
        pytest.param(None, Words(delay=30), id="the language model hangs"),
    ],
)
def test_what_fails_is_counted_and_the_rest_decides(hold, sound: Sound | None, words: Words | None) -> None:
    held = hold(ONCE, seconds=12, adjust=judged(Policy(first=1.6), sound, words, timeout=0.5))
    assert decided(held) == pytest.approx(1.6, abs=0.081)
    assert held.counts()["engine_failed"] == 1
    assert held.texts(EventType.HEARD) == ["You said first."]


def test_without_words_in_time_the_sound_decides_and_the_turn_is_still_understood(hold) -> None:
    def slow(engines: Engines) -> Engines:
        engines.recognizer.delay = 1.5
        return judged(Policy(first=1.5, sound=0.3), Sound(), timeout=0.6)(engines)

    held = hold(ONCE, seconds=12, adjust=slow)
    assert decided(held) == pytest.approx(0.3, abs=0.081)
    assert held.texts(EventType.FINAL_TRANSCRIPT) == ["first"]
    assert held.counts()["engine_failed"] == 0


def test_the_agent_s_question_is_part_of_the_evidence(hold) -> None:
    policy = Policy(first=0.6)
    held = hold(
        says((1.0, 0, 0.6), (7.0, 1, 0.6)),
        seconds=16,
        reply=lambda messages: "Why did you come?",
        adjust=judged(policy),
    )
    assert len(held.of(EventType.TURN_ENDED)) == 2
    assert policy.asked[0].asked is Asked.NOTHING
    assert policy.asked[-1].asked is Asked.OPEN


def test_the_language_model_judges_an_ending_within_the_dialogue(hold) -> None:
    words = Words()
    hold(
        says((1.0, 0, 0.6), (7.0, 1, 0.6)),
        seconds=16,
        reply=lambda messages: "Which day?",
        adjust=judged(Policy(first=1.2), words=words),
    )
    assert words.asked == ["first", "second"]
    assert words.before == [[], ["first", "Which day?"]]


def test_until_it_is_known_how_much_was_heard_an_ending_is_judged_by_what_was_said_last() -> None:
    class Unsettled:
        said_last = "Which day?"

        def preview(self, text):
            return None

    before, text = as_prompted(Unsettled(), "Tuesday.")
    assert ([(one.role, one.content) for one in before], text) == ([("assistant", "Which day?")], "Tuesday.")


def test_an_ending_is_judged_before_the_draft_so_that_it_need_not_wait_for_a_whole_reply(hold) -> None:
    words = Words()
    held = hold(ONCE, seconds=8, adjust=judged(Policy(first=1.2), words=words))
    assert words.drafts == [0], "no reply had been asked for"
    assert held.of(EventType.LATENCY)[0].data["drafted"]


def test_without_a_judge_turns_end_as_they_did(hold) -> None:
    held = hold(ONCE, seconds=8)
    assert decided(held) == pytest.approx(0.52, abs=0.041)
    assert set(held.of(EventType.TURN_ENDED)[0].data) == {"speech_end", "overlapped"}
