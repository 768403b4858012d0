"""What holds for any interleaving of what the user does and of what engines do, delayed or failing."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import groupby

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.dialogue import Dialogue
from agents.turn_taking.interruption import Judged, MinWords
from orchestration.media import FRAME_SECONDS
from orchestration.protocol import AgentFrame
from orchestration.scenarios.invariants import broken_rules, floor_at_the_end
from orchestration.session.events import EventType
from orchestration.session.floor import Floor
from orchestration.session.observer import PLAIN
from orchestration.simulation.scripted import articulated, spoken
from tests.orchestration.coded_speech import (
    FADED,
    WORD_SAMPLES,
    CodedSynthesizer,
    FreshWords,
    chunks,
    number_of,
    samples_of_words,
)
from tests.orchestration.conftest import OPTIONS

SETTLE = 22.0  # seconds after the last deed, more than every timeout and the longest reply together
POLICIES = {"immediate": None, "min_words": MinWords(1), "judged": Judged()}
OVER = 4.0  # seconds for which what is said over the agent waits for it to speak
LIMITS = {"first_token_timeout": 1.0, "language_model_timeout": 3.0, "synthesizer_timeout": 1.2}


@dataclass(frozen=True)
class Deed:
    """Something that happens ``wait`` seconds after the one before it."""

    wait: float
    what: str
    size: float = 0.0


def _seconds(low: float, high: float) -> st.SearchStrategy[float]:
    return st.integers(round(low * 100), round(high * 100)).map(lambda hundredths: hundredths / 100)


SPEECH = ["speak", "speak", "hum over the agent", "yeah over the agent", "words over the agent"]
USER_DEEDS = [*SPEECH, "type", "give_way", "answer", "disregard", "deaf", "hearing"]
FAILURES = ["recognizer fails", "model fails", "model stalls", "voice fails", "voice stalls"]
DEEDS = st.lists(
    st.builds(Deed, _seconds(0, 2.5), st.sampled_from(USER_DEEDS + FAILURES), _seconds(0.04, 1.6)),
    min_size=2,
    max_size=8,
)
DELAYS = st.fixed_dictionaries(
    {
        "recognizer": st.sampled_from([0.01, 0.2, 0.9, 1.6]),
        "model": st.sampled_from([0.01, 0.1, 0.7]),
        "token": st.sampled_from([0.001, 0.05]),
        "voice": st.sampled_from([0.005, 0.1, 0.45]),
    }
)


class Held:
    """One conversation in which ``deeds`` happened, and what the client's loudspeaker really played."""

    def __init__(
        self, hold, deeds, delays, *, words: int, miss_every: int, draft: bool, policy: str = "immediate"
    ) -> None:
        self.played: list[AgentFrame] = []
        self.replies = FreshWords(words)
        self._delays = delays
        self._miss_every = miss_every
        self._deeds = deeds
        limits = replace(OPTIONS.conversation.reply, **LIMITS)
        conversation = {"recognizer_timeout": 1.2, "draft": draft, "reply": limits}
        conversation["interruption"] = POLICIES[policy]
        seconds = sum(deed.wait + deed.size + OVER * ("over" in deed.what) for deed in deeds) + SETTLE
        self._utterances: list[str] = []  # grows as things are said
        self.held = hold(
            self._script, self._utterances, seconds=seconds, adjust=self._adjust, conversation=conversation
        )

    def _adjust(self, engines) -> None:
        engines.recognizer.delay = self._delays["recognizer"]
        engines.language_model.reply = self.replies
        engines.language_model.first_token = self._delays["model"]
        engines.language_model.per_token = self._delays["token"]
        engines.faces.miss_every = self._miss_every
        object.__setattr__(engines, "synthesizer", CodedSynthesizer(self._delays["voice"]))
        object.__setattr__(engines, "apology", tuple(chunks("w0 w1 w2")))
        self.engines = engines

    async def _script(self, client, session) -> None:
        self.played = client.heard
        typed = 0
        for deed in self._deeds:
            await asyncio.sleep(deed.wait)
            match deed.what:
                case "speak":
                    self._say(client, articulated, f"words{len(self._utterances)}", deed.size)
                case "hum over the agent":
                    await self._agents_turn(session)
                    self._say(client, spoken, "mm-hmm", deed.size)
                case "yeah over the agent":
                    await self._agents_turn(session)
                    self._say(client, articulated, "yeah okay", deed.size)
                case "words over the agent":
                    await self._agents_turn(session)
                    self._say(client, articulated, "wait what about it", deed.size)
                case "type":
                    typed += 1
                    session.read(f"typed{typed}")
                case "give_way":
                    session.conversation.give_way()
                case "answer":
                    session.conversation.answer(PLAIN)
                case "disregard":
                    session.forget_sound()
                case "deaf" | "hearing":
                    client.acknowledges = deed.what == "hearing"
                case "recognizer fails":
                    self.engines.recognizer.failures.left += 2
                case "model fails":
                    self.engines.language_model.failures.left += 1
                case "model stalls":
                    self.engines.language_model.stalls.left += 1
                case "voice fails":
                    self.engines.synthesizer.failures.left += 2
                case "voice stalls":
                    self.engines.synthesizer.stalls.left += 1

    def _say(self, client, sound, text: str, seconds: float) -> None:
        self._utterances.append(text)
        client.say(sound(len(self._utterances) - 1, seconds))

    async def _agents_turn(self, session) -> None:
        for _ in range(round(OVER / FRAME_SECONDS)):
            if session.floor is Floor.AGENT:
                return
            await asyncio.sleep(FRAME_SECONDS)

    @property
    def dialogue(self) -> Dialogue:
        return self.held.dialogue

    def expect_only_played_words_remembered(self) -> None:
        heard = samples_of_words(self.played)
        for turn in self.dialogue.transcript():
            if turn.role == "assistant":
                for word in map(number_of, turn.text.split()):
                    assert heard[word] >= WORD_SAMPLES - FADED, f"w{word} is remembered, but wasn't played"
                    if word < self.replies.first_of_all:
                        heard[word] -= WORD_SAMPLES  # the apology's words are said each time

    def expect_each_reply_to_be_heard_once_from_its_beginning(self) -> None:
        owner = {word: n for n, words in enumerate(self.replies.replies) for word in words}
        generations: dict[int, list[int]] = defaultdict(list)
        told: list[int] = []
        for frame in self.held.recording.frames:
            words = [word for word in samples_of_words([frame]) if word in owner]
            generations[frame.generation].extend(words)
            told.extend(owner[word] for word in words)
        for generation, words in generations.items():
            assert len({owner[word] for word in words}) <= 1, f"{generation}: several replies {words}"
            assert words == sorted(words), f"{generation}: {words} out of order"
        replies = [reply for reply, _ in groupby(told)]
        assert len(replies) == len(set(replies)), f"a reply comes back after another one: {replies}"
        if any(deed.what.startswith("voice") for deed in self._deeds):
            return  # a clause without a voice is left out, and the next one said
        for reply in replies:
            first = next(word for words in generations.values() for word in words if owner[word] == reply)
            assert first == self.replies.replies[reply][0], f"reply {reply} begins with w{first}"

    def expect_the_users_words_remembered(self) -> None:
        finals = [
            event.data["text"]
            for event in self.held.of(EventType.FINAL_TRANSCRIPT)
            if not event.data.get("backchannel")  # told, and not remembered as a turn
        ]
        remembered = [turn.text for turn in self.dialogue.transcript() if turn.role == "user"]
        assert remembered == finals


@settings(
    max_examples=32,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    deeds=DEEDS,
    delays=DELAYS,
    words=st.sampled_from([3, 12]),
    miss_every=st.sampled_from([0, 3]),
    draft=st.booleans(),
    policy=st.sampled_from(sorted(POLICIES)),
)
def test_whatever_happens_memory_floor_generations_and_face_hold(
    hold, deeds, delays, words, miss_every, draft, policy
):
    held = Held(hold, deeds, delays, words=words, miss_every=miss_every, draft=draft, policy=policy)
    assert broken_rules(held.held.recording) == []
    assert floor_at_the_end(held.held.recording.events) == "nobody"
    held.expect_only_played_words_remembered()
    held.expect_each_reply_to_be_heard_once_from_its_beginning()
    held.expect_the_users_words_remembered()


@pytest.mark.parametrize("lost", [True, False], ids=["acknowledgements lost", "acknowledged"])
def test_the_oracle_hears_what_is_played(hold, lost):
    held = Held(
        hold,
        [Deed(0.5, "deaf" if lost else "hearing"), Deed(0.1, "type")],
        {"recognizer": 0.2, "model": 0.1, "token": 0.01, "voice": 0.1},
        words=6,
        miss_every=0,
        draft=True,
    )
    heard = samples_of_words(held.played)
    assert [heard[word] for word in held.replies.replies[0]] == [WORD_SAMPLES] * 6
    assert bool([turn for turn in held.dialogue.transcript() if turn.role == "assistant"]) is not lost


def test_a_transcript_that_fails_after_everybody_gave_it_up_is_no_unhandled_error(hold, caplog):
    def broken(engines):
        engines.recognizer.failures.left = 9

    async def script(client, session):
        await asyncio.sleep(0.5)
        client.say(articulated(0, 0.8))

    held = hold(script, seconds=6, adjust=broken, conversation={"draft": False})
    assert held.counts()["fallback"] == 1
    assert not [record for record in caplog.records if "never retrieved" in record.getMessage()]
