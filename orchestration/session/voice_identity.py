"""Whose voice is it: learns those of the user's turns, and doubts who speaks over the agent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

import numpy as np

from agents.turn_taking.stranger import SHORTEST, UNDECIDED, stranger
from orchestration.engines import EngineError
from orchestration.media import FRAME_SECONDS, FloatArray
from orchestration.session.floor import Floor
from speech.speaker.voices import KnownVoices

LEARNT_FROM: Final = 1.0  # seconds of speech of the user's turns, at least
LEARNT_AT_ONCE: Final = 4.0  # seconds; a longer turn is learnt from piece by piece
ASKED_AGAIN: Final = 0.2  # seconds of further speech after which it is asked again whose it is
LISTENED_TO: Final = 3.0  # seconds of one overlap, at most
MIXED: Final = 0.2  # share of the agent's own sound from which a voice is no longer clean
BEFORE: Final = 3  # frames before sure speech that belong to it: it takes as long to be sure
REMEMBERED: Final = 75  # frames in which a stranger who goes on after a pause is taken for the same, 3 s
SURELY: Final = 0.8  # probability from which that is done
TIMEOUT: Final = 2.0  # seconds for the model; on an idle machine it takes 10 ms to hear, 60 to learn


class HearsVoices(Protocol):
    """Turns speech into directions, which lie close together for one voice."""

    async def hear(self, pcm: FloatArray) -> FloatArray:
        """The direction (256,) of speech (samples,) at 16 kHz; raises ``EngineError``."""
        ...

    async def learn(self, pcm: FloatArray) -> FloatArray:
        """Directions (conditions, 256) of speech as it would sound in noise and from afar; the plain first.

        Raises ``EngineError``.
        """
        ...


class VoiceIdentity:
    """The voices of one session; without a model (``voices`` None) it never says anything."""

    def __init__(self, voices: HearsVoices | None, failed: Callable[[str], None]) -> None:
        self._voices = voices
        self._failed = failed
        self._known = KnownVoices()
        self._before: deque[FloatArray] = deque(maxlen=BEFORE)
        self._fresh: list[FloatArray] = []  # frames of sure speech that came with the latest one
        self._own: list[FloatArray] = []  # frames of the user's turns, to learn from
        self._learning: asyncio.Task[None] | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._strange = 0  # frames for which the latest stranger is still remembered
        self._before_it = UNDECIDED  # what is believed of an overlap before it is heard
        self._told: float | None = None  # probability that somebody else speaks over the agent
        self.forget()

    def forget(self) -> None:
        """What was said over the agent is over; what comes next is something else."""
        if self._hearing is not None:
            self._hearing.cancel()
            self._hearing = None
        if self._told is not None and self._told >= SURELY:
            self._before_it, self._strange = self._told, REMEMBERED
        self._over: list[FloatArray] = []  # frames of sure speech over the agent
        self._echo = 0.0  # summed over them
        self._asked = 0.0  # seconds at which it was asked last whose voice it is
        self._told = None

    # -- every frame ------------------------------------------------------------------------------

    def hear(self, holder: Floor, pcm: FloatArray, spoken: float) -> None:
        """Take a frame (640,) of the user's side, of which ``spoken`` seconds are sure speech."""
        if self._voices is None:
            return
        self._strange = max(0, self._strange - 1)
        if spoken > 0:
            self._fresh = [*self._before, pcm]
            self._before.clear()
        else:
            self._fresh = []
            self._before.append(pcm)
        if holder is Floor.USER:
            self._own += self._fresh
        seconds = len(self._own) * FRAME_SECONDS
        if seconds >= LEARNT_AT_ONCE or (holder is not Floor.USER and seconds >= LEARNT_FROM):
            self._learn(self._voices)

    def overheard(self, echo: float) -> None:
        """What ``hear`` just took was said over the agent; ``echo`` 0..1 of it is the agent's own sound."""
        if self._voices is None or not self._fresh or not self._known.any:
            return
        self._over += self._fresh
        self._echo += echo * len(self._fresh)
        seconds = self.seconds
        due = seconds >= SHORTEST and seconds - self._asked >= ASKED_AGAIN and seconds <= LISTENED_TO
        if due and self._hearing is None and not self._mixed:
            self._asked = seconds
            self._hearing = asyncio.create_task(self._tell(self._voices, np.concatenate(self._over)))

    def close(self) -> None:
        """Stop what is under way."""
        self.forget()
        if self._learning is not None:
            self._learning.cancel()
            self._learning = None

    # -- what is known ----------------------------------------------------------------------------

    @property
    def seconds(self) -> float:
        """How much was said over the agent, without silences."""
        return len(self._over) * FRAME_SECONDS

    @property
    def stranger(self) -> float | None:
        """Probability 0..1 that somebody else speaks over the agent; None where nobody can tell."""
        if not self._over or self._mixed:
            return None
        if self._told is not None:
            return self._told
        return self._before_it if self._strange else UNDECIDED

    @property
    def told(self) -> float | None:
        """What was heard of it, for the log; None until it was."""
        return None if self._told is None else round(self._told, 3)

    @property
    def _mixed(self) -> bool:
        return self._echo >= MIXED * len(self._over)

    # -- the model --------------------------------------------------------------------------------

    def _learn(self, voices: HearsVoices) -> None:
        pcm, self._own = np.concatenate(self._own), []
        before = self._learning

        async def learn() -> None:
            if before is not None:
                await asyncio.wait({before})
            directions = await self._within(voices.learn(pcm))
            if directions is not None:
                self._known.learn(directions, pcm.size / 16_000)

        self._learning = asyncio.create_task(learn())

    async def _tell(self, voices: HearsVoices, pcm: FloatArray) -> None:
        try:
            direction = await self._within(voices.hear(pcm))
        finally:
            if self._hearing is asyncio.current_task():
                self._hearing = None
        likeness = None if direction is None else self._known.likeness(direction)
        if likeness is not None:
            self._told = stranger(likeness, pcm.size / 16_000)

    async def _within(self, work: Coroutine[Any, Any, FloatArray]) -> FloatArray | None:
        """What the model gives; None, counted, where it fails or is too slow."""
        try:
            async with asyncio.timeout(TIMEOUT):
                return await work
        except TimeoutError:
            self._failed(f"telling voices apart took more than {TIMEOUT:g} s")
        except EngineError as error:
            self._failed(str(error))
        return None
