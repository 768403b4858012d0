"""What a scenario is held against: a configuration with its models, or with scripted engines."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.language_model import LanguageModel, Message
from orchestration.clock import LoopClock
from orchestration.configuration import Configuration
from orchestration.engines import EngineError, Engines
from orchestration.gateway.host import SessionHost
from orchestration.in_process import open_engines
from orchestration.scenarios.account import Account
from orchestration.scenarios.judging import Verdict, judge
from orchestration.scenarios.performance import Performance
from orchestration.scenarios.reading import ScenarioFile
from orchestration.scenarios.schema import Mind, Run, ScriptedSide
from orchestration.scenarios.voices import NumberedVoice, SynthesizedVoice
from orchestration.simulation.scripted import (
    Failures,
    ScriptedFaces,
    ScriptedLanguageModel,
    ScriptedRecognizer,
    ScriptedSynthesizer,
    scripted_engines,
)
from orchestration.virtual_time import NothingToWaitFor, run_in_virtual_time

# What a scenario may die of: it is told as its failure, and the next one is held.
HOLDING_ERRORS = (EngineError, NothingToWaitFor, RuntimeError, ValueError, OSError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one scenario; ``skipped`` says why it wasn't held."""

    file: ScenarioFile
    run: Run
    verdicts: tuple[Verdict, ...] = ()
    account: Account | None = None
    skipped: str = ""

    @property
    def passed(self) -> bool:
        """Nothing failed; true of what was skipped."""
        return all(verdict.passed for verdict in self.verdicts)


def hold_scripted(file: ScenarioFile, configuration: Configuration) -> Outcome:
    """Hold a scenario on virtual time with scripted engines; no model need be installed."""
    if "scripted" not in file.scenario.runs:
        return Outcome(file, "scripted", skipped="needs real models: run it without --scripted")

    async def hold() -> Outcome:
        utterances: list[str] = []
        engines = _scripted(file.scenario.scripted, utterances, configuration.persona.apology)
        host = SessionHost(configuration, engines, LoopClock())
        return await _hold(
            file, "scripted", Performance(file, host, NumberedVoice(utterances), _scripted_mind)
        )

    return run_in_virtual_time(hold())


async def hold_real(files: Iterable[ScenarioFile], configuration: Configuration) -> list[Outcome]:
    """Hold scenarios one after the other against the models of a configuration, in real time.

    Raises what opening the engines raises.
    """
    outcomes = []
    async with open_engines(configuration) as engines:
        host = SessionHost(configuration, engines, LoopClock())
        voice = SynthesizedVoice(engines.synthesizer, configuration)
        for file in files:
            if "real" not in file.scenario.runs:
                outcomes.append(Outcome(file, "real", skipped="only with --scripted"))
                continue
            performance = Performance(file, host, voice, lambda mind: engines.language_model)
            outcomes.append(await _hold(file, "real", performance))
    return outcomes


async def _hold(file: ScenarioFile, run: Run, performance: Performance) -> Outcome:
    try:
        account = await performance.hold()
    except HOLDING_ERRORS as error:
        failed = Verdict("the scenario can be held", False, f"{type(error).__name__}: {error}")
        return Outcome(file, run, (failed,), performance.account)
    return Outcome(file, run, tuple(judge(file.scenario, account, run)), account)


def _scripted(side: ScriptedSide, utterances: list[str], apology: str) -> Engines:
    def reply(messages: Sequence[Message]) -> str:
        if not side.replies:
            return f"You said {messages[-1].content}."
        answered = sum(message.role == "assistant" for message in messages)
        return side.replies[min(answered, len(side.replies) - 1)]

    recognizer = ScriptedRecognizer(utterances, failures=Failures(side.recognizer.failures))
    model = ScriptedLanguageModel(
        reply,
        failures=Failures(side.language_model.failures),
        stalls=Failures(side.language_model.stalls),
    )
    voice = ScriptedSynthesizer(failures=Failures(side.synthesizer.failures))
    if side.recognizer.delay is not None:
        recognizer.delay = side.recognizer.delay
    if side.language_model.delay is not None:
        model.first_token = side.language_model.delay
    if side.synthesizer.delay is not None:
        voice.delay = side.synthesizer.delay
    return dataclasses.replace(
        scripted_engines(utterances, reply, apology=apology),
        recognizer=recognizer,
        language_model=model,
        synthesizer=voice,
        faces=ScriptedFaces(side.face_misses_every),
    )


def _scripted_mind(mind: Mind) -> LanguageModel:
    lines = iter(mind.scripted)
    last = mind.scripted[-1]
    return ScriptedLanguageModel(lambda messages: next(lines, last))
