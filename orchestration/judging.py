"""From the configuration to what judges pauses: the models are quick, but still run off the event loop."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from agents.language_model import Completes, LanguageModel
from agents.turn_taking.end_of_turn import Evidence, FusedPolicy, SmartTurnPolicy
from orchestration.configuration import Configuration
from orchestration.configuration.turn_taking import TurnTakingConfig
from orchestration.engines import EngineError
from orchestration.media import FloatArray
from orchestration.session.turn_judge import HearsEndings, Judging, OpenTurnJudge, TurnJudge
from speech.final_prosody import final_prosody
from speech.smart_turn import SmartTurn, SmartTurnConfig, SmartTurnError

log = logging.getLogger(__name__)

NICENESS = 5  # of the listening thread: the metronome of the same process goes first


class ThreadedEndings:
    """Hears endings on one thread shared by all sessions of the process; ``smart_turn`` None: melody only."""

    def __init__(self, smart_turn: SmartTurnConfig | None) -> None:
        self._model = None if smart_turn is None else SmartTurn(smart_turn)
        self._executor = ThreadPoolExecutor(1, "end-of-turn", initializer=step_back)

    async def listen(self, pcm: FloatArray) -> Evidence:
        """The evidence in a turn (samples,) at 16 kHz; raises ``EngineError``."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._hear, pcm)

    def _hear(self, pcm: FloatArray) -> Evidence:
        try:
            prosody = final_prosody(pcm)
            probability = None if self._model is None else self._model.probability(pcm)
        except (SmartTurnError, RuntimeError, ValueError) as error:
            raise EngineError(str(error)) from error
        if prosody is None:
            return Evidence(smart_turn=probability)
        return Evidence(probability, prosody.pitch_rank, prosody.energy_fall, prosody.voice)


def step_back() -> None:
    """Lower this thread's priority where the system has one for each thread (Linux)."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    except (AttributeError, OSError) as error:
        log.info("a model that listens keeps the process's priority: %s", error)


def judging_of(turn_taking: TurnTakingConfig, sound: HearsEndings, model: LanguageModel) -> Judging | None:
    """What judges go by under this configuration; None where a fixed silence decides."""
    options, patience = turn_taking.end_of_turn, turn_taking.patience
    match options.policy:
        case "silence":
            return None
        case "smart_turn":
            return Judging(SmartTurnPolicy(patience), sound, None, options.evidence_timeout_s)
    policy, asks = FusedPolicy(patience), options.ask_language_model
    if asks == "never":
        return Judging(policy, sound, None, options.evidence_timeout_s, reads=True)
    if not isinstance(model, Completes):
        level = logging.WARNING if asks == "always" else logging.INFO
        log.log(level, "this language model can't tell how likely words are to end; it isn't asked")
        return Judging(policy, sound, None, options.evidence_timeout_s, reads=True)
    return Judging(policy, sound, model, options.evidence_timeout_s, asks, reads=True)


def turn_judge_factory(configuration: Configuration, model: LanguageModel) -> OpenTurnJudge | None:
    """Opens one judge a session, given what sets the wait and what counts failures; None: silence decides.

    Raises ``SmartTurnError`` when the model is missing.
    """
    if configuration.turn_taking.end_of_turn.policy == "silence":
        return None
    judging = judging_of(configuration.turn_taking, ThreadedEndings(configuration.smart_turn), model)
    return None if judging is None else partial(TurnJudge, judging)
