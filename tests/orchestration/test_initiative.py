"""What the agent says unasked, and how it ends a conversation; on virtual time with scripted engines."""

from __future__ import annotations

import asyncio

import pytest

from agents.goodbye import GOODBYES, Goodbyes
from orchestration.session.events import EventType
from orchestration.session.initiative import InitiativeOptions
from orchestration.simulation.scripted import spoken

HELLO = "Hello and welcome. What can I do?"
BYE = "Goodbye Ada."
OVER = "Our time is over."
IDLE = {"idle_after": 4.0, "idle_prompts": ("Hello there?", "Still here?"), "idle_most": 3}


def says(*parts: tuple[float, int, float]):
    """A script: wait, then say utterance ``number`` for so many seconds; repeatedly."""

    async def script(client, session):
        for wait, number, seconds in parts:
            await asyncio.sleep(wait)
            client.say(spoken(number, seconds))

    return script


async def silent(client, session):
    pass


@pytest.fixture
def held(hold):
    """Holds a conversation with an agent that takes the initiative."""

    def run(script, utterances=("first", "second", "third"), *, seconds=20.0, adjust=None, **options):
        given = {"farewell": BYE, "time_is_over": OVER} | options
        initiative = InitiativeOptions(**given)
        return hold(
            script,
            utterances,
            seconds=seconds,
            conversation={"initiative": initiative},
            adjust=adjust or (lambda engines: None),
        )

    return run


def said(held) -> list[str]:
    return held.texts(EventType.HEARD)


class TestGoodbyes:
    @pytest.mark.parametrize(
        "text",
        [
            "Bye!",
            "Goodbye.",
            "Okay, thank you very much. Goodbye!",
            "bye-bye, Mira",
            "Well then, see you tomorrow",
            "Thanks, that's all for now.",
            "Thanks, that\u2019s all.",
            "I have to go now, bye",
            "Good night and have a nice day",
        ],
    )
    def test_takes_leave(self, text):
        assert Goodbyes(names=["Mira"])(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "Thank you very much.",
            "Okay.",
            "How do I say goodbye in French?",
            "say goodbye to the dinosaurs",
            "Goodbye is a sad word",
            "Goodbye?",
            "bye bye but first tell me the price",
            "Is that all?",
            "that's all I know about the lake and its boats",
            "standby",
        ],
    )
    def test_does_not(self, text):
        assert not Goodbyes(names=["Mira"])(text)

    def test_other_phrases_may_be_given(self):
        leaves = Goodbyes(["auf Wiedersehen", "tschüss"])
        assert leaves("Okay, Tschüss!")
        assert not leaves("Bye!")

    def test_the_phrases_are_all_goodbyes(self):
        assert all(Goodbyes()(phrase) for phrase in GOODBYES)


class TestGreeting:
    def test_without_options_the_agent_waits_for_the_user(self, held):
        assert said(held(silent, seconds=5)) == []

    def test_the_agent_speaks_first_and_remembers_that(self, held):
        once = held(says((6.0, 0, 1.0)), seconds=12, greeting=HELLO)
        assert said(once) == [HELLO, "You said first."]
        asked = once.engines.language_model.asked
        assert [m.content for m in asked[-1][1:]] == [HELLO, "first"], "no model is asked for the greeting"
        assert once.of(EventType.FIRST_SOUND)[0].t < 0.5
        assert len(once.of(EventType.LATENCY)) == 1, "nobody waited for the greeting"

    def test_a_user_who_speaks_first_is_not_greeted(self, held):
        def slow(engines):
            engines.synthesizer.delay = 0.5

        assert said(held(says((0.2, 0, 1.0)), seconds=9, greeting=HELLO, adjust=slow))[0] == "You said first."

    def test_a_greeting_that_is_interrupted_is_remembered_as_heard(self, held):
        once = held(says((1.0, 0, 1.0)), seconds=9, greeting=HELLO)
        greeting, reply = said(once)
        assert HELLO.startswith(greeting)
        assert 0 < len(greeting) < len(HELLO)
        assert reply == "You said first."
        assert len(once.of(EventType.INTERRUPTED)) == 1

    def test_a_voice_that_fails_apologises_and_the_conversation_goes_on(self, held):
        def broken(engines):
            engines.synthesizer.failures.left = 2

        once = held(says((6.0, 0, 1.0)), seconds=12, greeting="Hello.", adjust=broken)
        assert said(once) == ["I am sorry", "You said first."]


class TestIdle:
    def test_the_agent_asks_in_turn_and_not_for_ever(self, held):
        once = held(silent, seconds=60, **IDLE)
        assert said(once) == ["Hello there?", "Still here?", "Hello there?"]

    def test_each_prompt_comes_after_the_silence_that_was_configured(self, held):
        once = held(silent, seconds=60, **IDLE)
        sounds = [event.t for event in once.of(EventType.FIRST_SOUND)]
        finished = [event.t for event in once.of(EventType.REPLY_FINISHED)]
        assert 4.0 <= sounds[0] <= 4.5
        assert all(4.0 <= begin - end <= 5.0 for end, begin in zip(finished, sounds[1:], strict=False))

    def test_a_user_who_talks_is_not_prompted_and_starts_the_count_anew(self, held):
        script = says((3.0, 0, 1.5), *[(5.0, n % 3, 1.5) for n in range(3)])
        once = held(script, seconds=24, **IDLE)
        assert sum("?" in text for text in said(once)) == 0
        late = held(says((19.0, 0, 1.0)), seconds=60, **IDLE)
        assert sum("?" in text for text in said(late)) == 6

    def test_a_slow_reply_is_no_silence(self, held):
        def slow(engines):
            engines.language_model.first_token = 2.9
            engines.recognizer.delay = 3.0

        once = held(says((1.0, 0, 1.0)), seconds=10, adjust=slow, **IDLE)
        assert said(once)[0] == "You said first."


class TestClosing:
    def test_a_goodbye_is_answered_with_the_farewell_and_ends_the_session_when_that_was_heard(self, held):
        once = held(
            says((1.0, 0, 1.0), (6.0, 1, 1.0)),
            ("first", "thanks bye"),
            seconds=30,
            takes_leave=Goodbyes(),
        )
        assert said(once) == ["You said first.", BYE]
        assert once.reason == "the user said goodbye"
        last = [event.type for event in once.recording.events][-3:]
        assert last.index(EventType.HEARD) < last.index(EventType.SESSION_ENDED)
        assert once.recording.events[-1].t < 13
        assert [turn.text for turn in once.dialogue.transcript()][-2:] == ["thanks bye", BYE]

    def test_nothing_of_a_reply_to_the_goodbye_is_heard(self, held):
        once = held(says((1.0, 0, 1.0)), ("bye",), takes_leave=Goodbyes())
        assert once.texts(EventType.REPLY_TEXT) == [BYE]

    def test_a_user_who_goes_on_keeps_the_conversation(self, held):
        script = says((1.0, 0, 1.0), (2.6, 1, 1.0))
        once = held(script, ("bye", "wait"), seconds=12, takes_leave=Goodbyes(), farewell="Goodbye " * 12)
        assert said(once)[-1] == "You said wait."
        assert once.reason == "the simulation is over"

    def test_a_typed_goodbye_counts_as_well(self, held):
        async def script(client, session):
            await asyncio.sleep(1)
            session.read("Goodbye!")

        assert held(script, takes_leave=Goodbyes()).reason == "the user said goodbye"

    def test_a_client_that_acknowledges_nothing_does_not_keep_the_session(self, hold):
        once = hold(
            says((1.0, 0, 1.0)),
            ("bye",),
            conversation={"initiative": InitiativeOptions(takes_leave=Goodbyes(), farewell=BYE)},
            client_acknowledges=False,
        )
        assert once.reason == "the user said goodbye"

    def test_the_session_closes_before_its_time_is_over(self, held):
        once = held(silent, seconds=30, close_at=5.0)
        assert said(once) == [OVER]
        assert once.reason == "the session reached its limit of time"
        assert [event.data["reason"] for event in once.of(EventType.CLOSING)] == [once.reason]

    def test_a_turn_that_runs_over_the_time_is_answered_with_the_end(self, held):
        once = held(says((4.0, 0, 3.0)), seconds=30, close_at=5.0)
        assert said(once) == [OVER]

    def test_who_interrupts_the_end_of_the_time_has_heard_it(self, held):
        once = held(says((6.5, 0, 2.0)), seconds=30, close_at=5.0, time_is_over="over " * 30)
        assert once.reason == "the session reached its limit of time"
        assert once.recording.events[-1].t < 8


class TestBudget:
    def test_after_so_many_turns_the_agent_says_so_and_closes(self, held):
        once = held(says(*[(5.0, n % 3, 1.0) for n in range(5)]), seconds=60, turns=2)
        assert said(once) == ["You said first.", "You said second.", OVER]
        assert once.reason == "the conversation had its 2 turns"
        assert len(once.engines.language_model.asked) <= 3, "one draft more than was answered"

    def test_a_turn_that_the_user_goes_on_with_counts_once(self, held):
        def slow(engines):
            engines.language_model.first_token = 2.0

        script = says((1.0, 0, 0.8), (0.8 + 1.0, 1, 0.8), (9.0, 2, 1.0))
        once = held(script, seconds=25, turns=2, adjust=slow)
        assert said(once) == ["You said first second.", "You said third."]

    def test_after_so_many_tokens_as_well_drafts_included(self, held):
        once = held(says(*[(5.0, n % 3, 1.0) for n in range(8)]), seconds=90, tokens=120)
        assert said(once)[-1] == OVER
        assert 2 <= len(said(once)) < 8
        assert once.reason == "the conversation used its 120 tokens"

    def test_prompts_and_greetings_cost_nothing(self, held):
        once = held(
            silent,
            seconds=60,
            turns=1,
            tokens=100,
            greeting=HELLO,
            idle_after=3.0,
            idle_prompts=("Hello?",),
            idle_most=9,
        )
        assert len(said(once)) == 10
        assert once.reason == "the simulation is over"
