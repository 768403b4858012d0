"""The bench of turn-taking end to end: a person's recordings, real voice activity, real sessions."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from agents.language_model import Message, TextDelta
from orchestration.cli import app
from orchestration.configuration import load_configuration
from orchestration.media import USER_SAMPLE_RATE
from orchestration.simulation.scripted import ScriptedLanguageModel, ScriptedSynthesizer
from orchestration.turn_bench.case import Case, Column, Echo, Kind
from orchestration.turn_bench.engine_room import (
    MeasuredLanguageModel,
    RealTime,
    Remembered,
    ScriptedAnswers,
    Stopwatch,
)
from orchestration.turn_bench.models import BenchModels
from orchestration.turn_bench.outcome import Outcome
from orchestration.turn_bench.overlaps import overlap
from orchestration.turn_bench.plot import draw
from orchestration.turn_bench.policies import policy_of
from orchestration.turn_bench.reciting import RecitingSynthesizer
from orchestration.turn_bench.recordings import NoRecordings, Recording
from orchestration.turn_bench.sound import in_room, levelled, samples, trimmed
from orchestration.turn_bench.stage import hold
from orchestration.turn_bench.turns import cut, turn
from orchestration.virtual_time import run_in_virtual_time
from speech.audio import load_audio
from speech.recognizer import Transcript
from speech.voice_activity import VoiceActivityConfig


class Understands:
    """A recogniser that hears a word in each third of a second, at once."""

    async def transcribe(self, pcm: np.ndarray, *, words: bool = True) -> Transcript:
        return Transcript(" ".join(["word"] * (pcm.size * 3 // USER_SAMPLE_RATE)))


class Streams:
    """A language model in real time."""

    async def stream(self, messages, *, max_tokens=None, tools=None):
        for text in ("I ", "see."):
            await asyncio.sleep(0.01)
            yield TextDelta(text, 0.0)


def held(case: Case, models: BenchModels, policy: str) -> Outcome:
    return hold(case, models.following(policy_of(policy)))


@pytest.fixture(scope="module")
def models():
    room = RealTime()
    yield BenchModels(
        load_configuration("default", models=False).model_copy(
            update={"voice_activity": VoiceActivityConfig(), "speaker": None}
        ),
        room,
        Remembered(),
        Understands(),
        Streams(),
        ScriptedSynthesizer(delay=0),
        first_token=0.1,
        per_token=0.01,
    )
    room.close()


@pytest.fixture(scope="module")
def prompt(asterisk_prompts: dict[str, Path]) -> Recording:
    return Recording("vm-tocallnum", levelled(trimmed(load_audio(asterisk_prompts["vm-tocallnum"]))))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


class TestCasesOnTheStage:
    def test_silence_answers_a_whole_sentence_about_half_a_second_after_its_end(self, models, prompt, rng):
        case = turn("whole", Kind.COMPLETE, Column.HUMAN, [prompt.pcm], [], rng)
        outcome = held(case, models, "silence")
        assert outcome.spoke_after and not outcome.spoke_early
        assert 0.4 <= outcome.decision <= 0.75
        assert outcome.decision <= outcome.first_sound <= outcome.decision + 0.3

    def test_silence_takes_the_floor_in_a_long_pause_and_not_in_a_short_one(self, models, prompt, rng):
        pieces = cut(prompt, [samples(1.0)])
        early = {
            length: held(
                turn("broken", Kind.PAUSE, Column.HUMAN, pieces, [length], rng), models, "silence"
            ).spoke_early
            for length in (0.3, 2.0)
        }
        assert early == {0.3: False, 2.0: True}

    def test_a_user_who_begins_to_talk_stops_the_agent_and_a_quiet_room_does_not(self, models, prompt, rng):
        said = overlap("said", Kind.INTERRUPTION, Column.HUMAN, prompt.pcm, 1.0, rng, Column.SYNTHETIC)
        assert 0 <= held(said, models, "silence").stopped <= 0.4
        pcm, _ = in_room(np.zeros(0, np.float32), 1.0, 2.0, rng)
        quiet = Case("quiet", Kind.NOISE, Column.SOUND, pcm, agent_talks=True, onset=16_000, end=32_000)
        assert held(quiet, models, "silence").stopped is None

    def test_an_agent_that_was_asked_aloud_talks_after_the_question(self, models, prompt, rng):
        said = overlap("said", Kind.INTERRUPTION, Column.HUMAN, prompt.pcm, 1.0, rng, Column.SYNTHETIC)
        asked = replace(said, opening=prompt.pcm)
        assert 0 <= held(asked, models, "silence").stopped <= 0.4

    def test_with_minimum_words_only_words_stop_the_agent(self, models, prompt, rng):
        said = overlap("said", Kind.INTERRUPTION, Column.HUMAN, prompt.pcm, 1.0, rng, Column.SYNTHETIC)
        assert 0.4 <= held(said, models, "min_words").stopped <= 1.5

    def test_the_agents_own_voice_comes_back_as_late_and_as_loud_as_the_case_says(self, models, prompt, rng):
        heard = {}
        for gain in (-80.0, -3.0):
            pcm, _ = in_room(np.zeros(0, np.float32), 2.0, 2.0, rng)
            case = Case(
                "echo",
                Kind.ECHO,
                Column.HUMAN,
                pcm,
                agent_talks=True,
                agent=Column.HUMAN,
                echo=Echo(gain, 0.1),
            )
            models.recited["Please send it to my office today."] = np.repeat(prompt.pcm, 3)[::2]
            heard[gain] = held(case, models, "silence").stopped
        assert heard[-80.0] is None
        assert heard[-3.0] is not None, "speech as loud as a user's stops an agent that stops for any speech"

    def test_the_same_case_comes_out_the_same(self, models, prompt, rng):
        case = turn("whole", Kind.LIST, Column.HUMAN, [prompt.pcm, prompt.pcm], [0.6], rng)
        assert held(case, models, "silence") == held(case, models, "silence")


class Judges(Streams):
    """A model that could tell endings; what it tells is remembered."""

    async def ending_probability(self, messages, text):
        raise AssertionError("it is remembered")


class TestEnginesBehindVirtualTime:
    def test_a_reply_streams_at_the_pace_at_which_it_came_and_is_asked_for_once(self):
        room, memory = RealTime(), Remembered()
        messages = (Message("user", "hello"),)

        async def collect() -> list[float]:
            model, times = MeasuredLanguageModel(Streams(), room, memory), []
            async for part in model.stream(messages):
                times.append((asyncio.get_running_loop().time(), part.elapsed))
            return times

        first, again = (run_in_virtual_time(collect()) for _ in range(2))
        room.close()
        assert first == again
        assert all(at == pytest.approx(elapsed) for at, elapsed in first)

    def test_an_ending_that_a_real_model_judges_holds_its_reply_up_but_no_scripted_one(self):
        room, memory = RealTime(), Remembered()
        memory.keep([0.25, 0.5], "ending", "hello")  # a probability, and the seconds it took
        memory.keep([["Hi.", 0.1]], "language model", "None", "user:hello")

        async def first(model, endings) -> tuple[float, float | None]:
            asking = asyncio.create_task(endings.ending_probability((), "hello"))
            await asyncio.sleep(0)
            async for _ in model.stream((Message("user", "hello"),)):
                break
            return asyncio.get_running_loop().time(), await asking

        async def both() -> list[tuple[float, float | None]]:
            real = MeasuredLanguageModel(Judges(), room, memory)
            began = asyncio.get_running_loop().time()
            alone = await first(real, real)
            again = asyncio.get_running_loop().time()
            answers = ScriptedAnswers(ScriptedLanguageModel(lambda messages: "Hi.", first_token=0.1), real)
            scripted = await first(answers, answers)
            return [(alone[0] - began, alone[1]), (scripted[0] - again, scripted[1])]

        (real, told), (scripted, told_too) = run_in_virtual_time(both())
        room.close()
        assert told == told_too == 0.25
        assert real == pytest.approx(0.6) and scripted == pytest.approx(0.1)

    def test_what_models_gave_survives_in_a_file(self, tmp_path):
        path = tmp_path / "deep" / "memory.jsonl"
        Remembered(path).keep(["words", 0.5], "recognizer", b"sound")
        assert Remembered(path).get("recognizer", b"sound") == ["words", 0.5]
        assert Remembered(path).get("recognizer", b"other") is None

    def test_a_stopwatch_counts_no_time_in_which_nothing_was_computed(self):
        async def wait() -> float:
            watch = Stopwatch()
            await asyncio.sleep(0.2)
            return watch.read()

        assert asyncio.run(wait()) < 0.15

    def test_a_recited_sentence_is_cut_where_its_clauses_are(self):
        async def speak(*clauses: str) -> np.ndarray:
            voice = RecitingSynthesizer({"one two three four.": sound}, 0.1, ScriptedSynthesizer())
            return np.concatenate([chunk.pcm for text in clauses async for chunk in voice.synthesize(text)])

        sound = np.arange(24_000, dtype=np.float32)
        assert np.array_equal(run_in_virtual_time(speak("one two", "three four.")), sound)


class TestTheCommand:
    def test_a_picture_is_drawn_of_any_results(self, tmp_path):
        results = {
            "silence": [Outcome("a", Kind.PAUSE, Column.HUMAN, spoke_early=True)],
            "fused": [Outcome("b", Kind.PAUSE, Column.NEURAL)],
        }
        draw(tmp_path / "turns.png", results)
        assert (tmp_path / "turns.png").read_bytes().startswith(b"\x89PNG")

    def test_without_recordings_it_says_how_to_get_them(self, tmp_path):
        result = CliRunner().invoke(app, ["bench", "turns", "--recordings", str(tmp_path / "none")])
        assert isinstance(result.exception, NoRecordings)

    @pytest.mark.slow
    def test_a_few_cases_with_the_real_models_give_a_report(self, asterisk_prompts, tmp_path):
        options = ["--policies", "silence", "--kinds", "complete,silence", "--quick", "--out", str(tmp_path)]
        result = CliRunner().invoke(app, ["bench", "turns", *options])
        assert result.exit_code == 0, result.output
        report = json.loads((tmp_path / "turns.json").read_text())
        figures = report["figures"]["silence"]
        assert figures["takeover_at_end"]["human"]["value"] >= 0.9
        assert figures["spoke_into_silence"]["sound"]["value"] == 0
        assert (tmp_path / "turns.png").is_file()
