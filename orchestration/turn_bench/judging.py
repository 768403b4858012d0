"""The end-of-turn judge of a configuration behind virtual time: its models' seconds are counted."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from functools import partial

import numpy as np

from agents.language_model import LanguageModel
from agents.turn_taking.end_of_turn import Evidence
from orchestration.configuration import Configuration
from orchestration.judging import ThreadedEndings, judging_of
from orchestration.media import FloatArray
from orchestration.session.turn_judge import HearsEndings, OpenTurnJudge, TurnJudge
from orchestration.turn_bench.engine_room import RealTime, Remembered, Stopwatch


class MeasuredEndings:
    """Hears what real models hear of an ending, one pause at a time, after the time that they took."""

    def __init__(self, endings: HearsEndings, room: RealTime, memory: Remembered, name: str) -> None:
        self._endings, self._room, self._memory, self._name = endings, room, memory, name
        self._busy = asyncio.Lock()

    async def listen(self, pcm: FloatArray) -> Evidence:
        """See :class:`~orchestration.session.turn_judge.HearsEndings`."""
        given = ("endings, ranked", self._name, np.ascontiguousarray(pcm).tobytes())
        known = self._memory.get(*given)
        if known is None:
            watch = Stopwatch()
            heard = asdict(self._room.run(self._endings.listen(pcm)))
            del heard["asked"], heard["text"], heard["ending"]  # not of the sound
            known = [heard, watch.read()]
            self._memory.keep(known, *given)
        heard, seconds = known
        async with self._busy:
            await asyncio.sleep(seconds)
        return Evidence(**heard)


def open_endings(configuration: Configuration) -> HearsEndings | None:
    """What hears endings in this configuration; None where a fixed silence decides."""
    if configuration.turn_taking.end_of_turn.policy == "silence":
        return None
    return ThreadedEndings(configuration.smart_turn)


def turn_judge(
    configuration: Configuration, endings: HearsEndings | None, model: LanguageModel
) -> OpenTurnJudge | None:
    """Opens a session's judge as ``orchestration.judging`` does, with these ``endings``."""
    if endings is None:
        return None
    judging = judging_of(configuration.turn_taking, endings, model)
    return None if judging is None else partial(TurnJudge, judging)
