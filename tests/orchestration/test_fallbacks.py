"""Engines that fail, stall, flap and recover while a conversation goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pytest

from agents.failures import EmptyReply
from agents.language_model import LanguageModelError, TextDelta, ToolsUnsupported
from orchestration.app import BuildArguments, build
from orchestration.clock import LoopClock
from orchestration.configuration import ConfigurationError, load_configuration, resolve_models
from orchestration.fallback.chain import Link
from orchestration.fallback.circuit import Circuit, CircuitLimits
from orchestration.fallback.engines import FallbackLanguageModel, FallbackRecognizer, FallbackSynthesizer
from orchestration.session.events import EventType
from orchestration.simulation.scripted import (
    Failures,
    ScriptedLanguageModel,
    ScriptedRecognizer,
    ScriptedSynthesizer,
    spoken,
)
from orchestration.virtual_time import run_in_virtual_time
from speech.recognizer import Transcript
from speech.synthesizer import SpeechChunk
from tests.orchestration.realtime_clients import scripted, serving, stock

WAIT = 2.0  # seconds after which the next engine is asked
LIMITS = CircuitLimits(retry_after=10, longest=60)


def links(**engines: object) -> list[Link]:
    return [Link(name, engine, Circuit(LIMITS, LoopClock().now)) for name, engine in engines.items()]


@dataclass
class Sick:
    """When, in seconds of the loop's time, an engine is down or stalls, and when it was asked."""

    down: Callable[[float], bool] = lambda now: False
    stalls: Callable[[float], bool] = lambda now: False
    asked: list[float] = field(default_factory=list)

    async def suffer(self) -> None:
        now = LoopClock().now()
        self.asked.append(round(now, 2))
        if self.stalls(now):
            await asyncio.sleep(3600)
        if self.down(now):
            raise LanguageModelError("out of order")


@dataclass
class Model(Sick):
    text: str = ""
    breaks_after: int = 10**6  # pieces
    sticks_after: int = 10**6  # pieces

    async def stream(self, messages, *, max_tokens=None, tools=None) -> AsyncIterator[TextDelta]:
        await self.suffer()
        await asyncio.sleep(0.1)
        for index, word in enumerate(self.text.split()):
            if index == self.breaks_after:
                raise LanguageModelError("broke off")
            if index == self.sticks_after:
                await asyncio.sleep(3600)
            yield TextDelta(f"{word} ", 0.1)
            await asyncio.sleep(0.01)


@dataclass
class Voice(Sick):
    breaks_after: int = 10**6  # chunks
    voices: list[str | None] = field(default_factory=list)

    async def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[SpeechChunk]:
        self.voices.append(voice)
        await self.suffer()
        index = 0
        async for chunk in ScriptedSynthesizer().synthesize(text, voice):
            if index == self.breaks_after:
                raise RuntimeError("broke off")
            index += 1
            yield chunk


@dataclass
class Ears(Sick):
    async def transcribe(self, pcm, *, words: bool = True) -> Transcript:
        await self.suffer()
        return await ScriptedRecognizer(("first", "second", "third")).transcribe(pcm, words=words)


def replaced(role: str, chain: object):
    def adjust(engines: object) -> None:
        object.__setattr__(engines, role, chain)

    return adjust


def models(best: Model, *others: Model) -> FallbackLanguageModel:
    named = {"best": best} | {f"other{n}": other for n, other in enumerate(others, 1)}
    return FallbackLanguageModel(links(**named), WAIT)


def typed(*times: float):
    async def script(client, session):
        begun = LoopClock().now()
        for time in times:
            await asyncio.sleep(begun + time - LoopClock().now())
            session.read(f"at {time:g}")

    return script


def replies(held) -> list[str]:
    return [turn.text for turn in held.dialogue.transcript() if turn.role == "assistant"]


def switches(held) -> list[tuple[str, str]]:
    """What was left for what, of each switch; a recovery says so."""
    events = [event.data for event in held.of(EventType.FALLBACK)]
    return [("recovered" if data["recovered"] else data["what"], data["to"]) for data in events]


def expect_every_frame(held) -> None:
    assert [frame.pts for frame in held.recording.frames] == list(range(len(held.recording.frames)))
    assert held.counts()["face_missed"] == held.counts()["tick_late"] == 0


class TestLanguageModels:
    def test_one_that_is_down_is_replaced_within_the_same_reply(self, hold):
        chain = models(Model(text="best", down=lambda now: True), Model(text="I stand in."))
        held = hold(typed(1), adjust=replaced("language_model", chain), seconds=8)
        assert replies(held) == ["I stand in."]
        assert switches(held) == [("language_model", "other1")]
        event = held.of(EventType.FALLBACK)[0].data
        assert event["why"] == "out of order"
        assert event["message"] == "language model: best failed (out of order); other1 is asked instead"
        assert held.counts()["engine_switched"] == 1
        assert held.counts()["fallback"] == held.counts()["engine_failed"] == 0
        expect_every_frame(held)

    def test_one_that_is_slow_is_given_up_in_time(self, hold):
        chain = models(Model(text="best", stalls=lambda now: True), Model(text="I stand in."))
        held = hold(typed(1), adjust=replaced("language_model", chain), seconds=8)
        assert replies(held) == ["I stand in."]
        assert held.of(EventType.FALLBACK)[0].t == pytest.approx(1 + WAIT, abs=0.1)
        assert held.of(EventType.FALLBACK)[0].data["why"] == "nothing within 2 s"
        expect_every_frame(held)

    def test_one_that_failed_is_passed_over_and_comes_back(self, hold):
        best = Model(text="I am best.", down=lambda now: now < 8)
        chain = models(best, Model(text="I stand in."))
        held = hold(typed(1, 5, 12, 20), adjust=replaced("language_model", chain), seconds=25)
        assert replies(held) == ["I stand in.", "I stand in.", "I am best.", "I am best."]
        assert best.asked == [1, 12, 20], "not while it is passed over"
        assert switches(held) == [("language_model", "other1"), ("recovered", "best")]
        expect_every_frame(held)

    def test_one_that_flaps_is_asked_less_and_less(self, hold):
        best = Model(text="best", down=lambda now: True)
        chain = models(best, Model(text="So."))
        held = hold(typed(*range(1, 60, 4)), adjust=replaced("language_model", chain), seconds=60)
        assert best.asked == [1, 13, 33]
        assert replies(held) == ["So."] * 15
        expect_every_frame(held)

    def test_a_reply_that_has_begun_is_not_started_over(self, hold):
        best = Model(text="One two, three four five six.", breaks_after=4)
        held = hold(
            typed(1, 6), adjust=replaced("language_model", models(best, Model(text="Other."))), seconds=10
        )
        assert replies(held) == ["One two, three four", "Other."]
        assert held.counts()["engine_failed"] == 1
        assert switches(held) == [], "the next turn goes to the other one without a word"

    def test_a_reply_that_sticks_in_the_middle_ends_there_in_time(self, hold):
        best = Model(text="One two, three four five six.", sticks_after=4)
        held = hold(
            typed(1, 9), adjust=replaced("language_model", models(best, Model(text="So."))), seconds=14
        )
        assert replies(held) == ["One two, three four", "So."]
        assert held.of(EventType.REPLY_FINISHED)[0].t < 1 + WAIT + 2
        assert best.asked == [1]

    def test_one_that_says_nothing_is_replaced_for_this_reply_only(self, hold):
        best = Model(text="")
        held = hold(
            typed(1, 5), adjust=replaced("language_model", models(best, Model(text="Yes."))), seconds=9
        )
        assert replies(held) == ["Yes.", "Yes."]
        assert best.asked == [1, 5]

    def test_where_all_are_down_the_apology_stands_in_and_all_are_tried_again(self, hold):
        sick = [Model(text="well", down=lambda now: now < 6) for _ in range(3)]
        held = hold(typed(1, 7), adjust=replaced("language_model", models(*sick)), seconds=12)
        assert replies(held) == ["I am sorry", "well"]
        assert held.counts()["fallback"] == 1
        assert len(sick[2].asked) == 2, "both tries, for want of any other"

    def test_a_user_who_interrupts_a_slow_one_has_not_shown_it_to_be_broken(self, hold):
        best = Model(text="I am best.", stalls=lambda now: now < 2)
        held = hold(
            typed(1, 2), adjust=replaced("language_model", models(best, Model(text="No."))), seconds=8
        )
        assert replies(held) == ["I am best."]
        assert switches(held) == []

    def test_a_model_without_tools_is_left_to_the_caller(self):
        class Toolless:
            async def stream(self, messages, *, max_tokens=None, tools=None):
                raise ToolsUnsupported("no tools here")
                yield

        async def main() -> None:
            chain = models(Toolless(), Model(text="No."))
            with pytest.raises(ToolsUnsupported):
                async for _ in chain.stream([]):
                    pass

        run_in_virtual_time(main())

    def test_the_last_one_says_why_there_was_nothing(self):
        async def main() -> None:
            with pytest.raises(EmptyReply):
                async for _ in models(Model(text=""), Model(text="")).stream([]):
                    pass

        run_in_virtual_time(main())


class TestRecognizers:
    def test_one_that_is_down_is_replaced_and_the_words_are_not_lost(self, hold):
        chain = FallbackRecognizer(links(best=Ears(down=lambda now: True), other=Ears()), WAIT)

        async def script(client, session):
            await asyncio.sleep(1)
            client.say(spoken(0, 1.0))

        held = hold(script, adjust=replaced("recognizer", chain), seconds=8)
        assert held.texts(EventType.FINAL_TRANSCRIPT) == ["first"]
        assert switches(held) == [("recognizer", "other")]
        assert held.counts()["engine_failed"] == 0
        expect_every_frame(held)

    def test_cancelling_a_transcription_cancels_it_in_the_engine(self):
        async def main() -> None:
            ears = ScriptedRecognizer(("first",))
            chain = FallbackRecognizer(links(best=ears, other=Ears()), WAIT)
            task = asyncio.create_task(chain.transcribe(np.zeros(640, np.float32)))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert ears.cancelled == 1

        run_in_virtual_time(main())


class TestSynthesizers:
    def voices(self, best: Voice, other: Voice) -> FallbackSynthesizer:
        return FallbackSynthesizer(links(best=best, other=other), WAIT, {"other": {"joe"}})

    def test_one_that_stalls_is_replaced_before_the_clause_is_lost(self, hold):
        other = Voice()
        chain = self.voices(Voice(stalls=lambda now: True), other)
        held = hold(typed(1), adjust=replaced("synthesizer", chain), seconds=10)
        assert replies(held) == ["You said at 1."]
        assert held.of(EventType.FIRST_SOUND)[0].t == pytest.approx(1 + WAIT + 0.3, abs=0.2)
        assert switches(held) == [("synthesizer", "other")]
        expect_every_frame(held)

    def test_one_that_breaks_within_a_clause_leaves_the_rest_unsaid_and_is_passed_over(self, hold):
        best, other = Voice(breaks_after=2), Voice()
        held = hold(typed(1, 5), adjust=replaced("synthesizer", self.voices(best, other)), seconds=10)
        assert replies(held) == ["You said", "You said at 5."]
        assert len(best.asked) == 1

    @pytest.mark.parametrize(("asked", "given"), [("joe", "joe"), ("joan", None)])
    def test_a_stand_in_without_the_voice_uses_its_own(self, asked, given):
        async def main() -> None:
            other = Voice()
            chain = self.voices(Voice(down=lambda now: True), other)
            assert [chunk async for chunk in chain.synthesize("hello", asked)]
            assert other.voices == [given]

        run_in_virtual_time(main())

    def test_a_chosen_voice_still_tells_its_session(self, hold):
        def adjust(engines):
            chain = self.voices(Voice(down=lambda now: True), Voice())
            chosen = replace(engines, synthesizer=chain).speaking_as("joe", ()).synthesizer
            object.__setattr__(engines, "synthesizer", chosen)

        held = hold(typed(1), adjust=adjust, seconds=8)
        assert switches(held) == [("synthesizer", "other")]


async def test_a_realtime_response_that_a_stand_in_gives_has_not_failed():
    engines = scripted()
    best = ScriptedLanguageModel(lambda _: "best", failures=Failures(99))
    chain = FallbackLanguageModel(links(best=best, other=engines.language_model), WAIT)
    async with serving(engines=replace(engines, language_model=chain)) as (port, _), stock(port) as talk:
        await talk.type("hello")
        assert (await talk.until("response.done")).response.status == "completed"


CONFIG = """
persona: mira
recognizer: {{ model: tiny.en }}
language_model:
  engine: openai
  model: big
  base_url: http://localhost:9/v1
  fallbacks: [{{ engine: llama, model: {model} }}]
synthesizer: {{ model: en_US-joe-medium }}
head: {{ model: makehuman, name: mira }}
serving: {{ language_model: {serving} }}
"""


@pytest.fixture
def config(tmp_path):
    def write(model: str = "smollm2-135m", serving: str = "{ nice: 7, switch_after_s: 2 }") -> str:
        path = tmp_path / "config.yaml"
        path.write_text(CONFIG.format(model=model, serving=serving))
        return str(path)

    return write


def test_stand_ins_get_deployments_of_their_own(config):
    arguments = BuildArguments(config=config(serving="{ nice: 7, num_cpus: 0.5, fallbacks: [{ nice: 3 }] }"))
    gateway = build(arguments)._bound_deployment
    (bound,) = gateway.init_kwargs["fallbacks"]["language_model"]
    deployment = bound._bound_deployment
    assert deployment.name == "LanguageModelFallback1"
    assert deployment.init_args[0].model.endswith(".gguf"), "its model is found like any other"
    assert (deployment.init_args[1].nice, deployment.init_args[1].num_cpus) == (3, 0.5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "smollm3"}, "language_model.fallbacks.0.model"),
        ({"serving": "{ switch_after_s: 8 }"}, "serving.language_model.switch_after_s"),
        ({"serving": "{ fallbacks: [{}, {}] }"}, "serving.language_model.fallbacks"),
    ],
    ids=["a model that is missing", "a wait that outlasts the caller", "deployments of nothing"],
)
def test_what_is_wrong_with_stand_ins_is_told_with_its_key(config, changes, said):
    with pytest.raises(ConfigurationError) as told:
        load_configuration(config(**changes))
    assert said in str(told.value)


def test_models_of_stand_ins_are_looked_for_beside_the_file(config, tmp_path, monkeypatch):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "mine.gguf").touch()
    path = config(model="weights/mine.gguf")
    monkeypatch.chdir("/")
    (stand_in,) = resolve_models(load_configuration(path)).language_model.fallbacks
    assert stand_in.model == str(tmp_path / "weights" / "mine.gguf")


def test_engines_are_named_apart():
    from orchestration.fallback.building import engine_configs, one_recognizer

    same = SimpleNamespace(model="/models/tiny.pt", fallbacks=(SimpleNamespace(model="/other/tiny.pt"),))
    serving = SimpleNamespace(
        recognizer=SimpleNamespace(retry_after_s=1, longest_retry_s=2, switch_after_s=1)
    )
    chain = one_recognizer(SimpleNamespace(recognizer=same, serving=serving), [Ears(), Ears()], lambda: 0.0)
    assert len(engine_configs(same)) == 2
    assert [link.name for link in chain._chain.order()] == ["tiny.pt", "tiny.pt (2)"]
