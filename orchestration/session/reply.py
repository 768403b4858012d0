"""From the user's words to the agent's sound: language model, clauses, synthesis, playout, all streaming."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.clauses import ClauseSplitter
from agents.language_model import LanguageModelError, Message
from agents.reply import closing, limit_sentences
from orchestration.engines import EngineError, Engines
from orchestration.session.latency import TurnClock
from orchestration.session.playout import Playout

CLAUSES_AHEAD = 8  # clauses that may wait for the synthesizer before the language model is held back


@dataclass(frozen=True, slots=True)
class ReplyLimits:
    """How long to wait and how often to try again."""

    first_token_timeout: float  # seconds
    language_model_timeout: float  # seconds for the whole reply
    synthesizer_timeout: float  # seconds for one chunk
    retries: int
    max_tokens: int  # longest reply
    max_sentences: int  # of a reply that are spoken
    apologise: bool  # speak the prepared apology when an engine has failed for good


class ReplyListener(Protocol):
    """Who wants to know how the reply goes."""

    def first_token(self) -> None: ...

    def clause(self, text: str) -> None: ...

    def failed(self, message: str) -> None: ...

    def fell_back(self, message: str) -> None: ...


class Reply:
    """One generation's way from messages to sound; cancel the task that runs it to stop it."""

    def __init__(
        self,
        generation: int,
        engines: Engines,
        playout: Playout,
        now: Callable[[], float],
        turn: TurnClock,
        limits: ReplyLimits,
        listener: ReplyListener,
    ) -> None:
        self.generation = generation
        self._engines = engines
        self._playout = playout
        self._now = now
        self._turn = turn
        self._limits = limits
        self._listener = listener
        self._clauses: asyncio.Queue[str | None] = asyncio.Queue(CLAUSES_AHEAD)

    async def run(self, messages: Sequence[Message]) -> None:
        """Think and speak; failures end in the prepared apology, never in an exception."""
        speaking = asyncio.create_task(self._speak_clauses())
        try:
            thought = await self._think(messages)
            await self._clauses.put(None)
            spoke = await speaking
        finally:
            speaking.cancel()
        if not (thought and spoke):
            await self._apologise("no language model answer" if not thought else "no voice")
        self._playout.finish(self.generation)

    async def apologise(self, reason: str) -> None:
        """Speak the prepared apology instead of a reply."""
        await self._apologise(reason)
        self._playout.finish(self.generation)

    async def _think(self, messages: Sequence[Message]) -> bool:
        """Stream the reply into clauses; False if nothing at all could be had."""
        for attempt in range(self._limits.retries + 1):
            splitter = ClauseSplitter()
            queued = 0
            try:
                async with asyncio.timeout(self._limits.language_model_timeout):
                    queued = await self._stream_clauses(messages, splitter)
            except LanguageModelError as error:
                self._listener.failed(f"language model, try {attempt + 1}: {error}")
            except TimeoutError:
                self._listener.failed(f"language model, try {attempt + 1}: no answer in time")
            else:
                if queued:
                    return True
                self._listener.failed(f"language model, try {attempt + 1}: it said nothing")
            if self._turn.first_clause is not None:
                # Part of the answer is being spoken already: saying it again would be worse than stopping.
                for clause in splitter.flush():
                    await self._clauses.put(clause)
                return True
        return False

    async def _stream_clauses(self, messages: Sequence[Message], splitter: ClauseSplitter) -> int:
        queued = 0
        self._turn.request = self._now()
        limits = self._limits
        whole = self._engines.language_model.stream(messages, max_tokens=limits.max_tokens)
        stream = limit_sentences(whole, limits.max_sentences)
        first = True
        async with closing(stream):
            while True:
                async with asyncio.timeout(limits.first_token_timeout if first else None):
                    delta = await anext(stream, None)
                if delta is None:
                    break
                if first:
                    first = False
                    self._turn.first_token = self._now()
                    self._listener.first_token()
                for clause in splitter.feed(delta.text):
                    await self._queue(clause, delta.elapsed)
                    queued += 1
        for clause in splitter.flush():
            await self._queue(clause, None)
            queued += 1
        return queued

    async def _queue(self, clause: str, elapsed: float | None) -> None:
        if self._turn.first_clause is None and self._turn.request is not None:
            self._turn.first_clause = now = self._now()
            # The last clause is known only when the stream has ended: then its time is all the model's.
            self._turn.language_model_compute = now - self._turn.request if elapsed is None else elapsed
        await self._clauses.put(clause)

    async def _speak_clauses(self) -> bool:
        """Synthesise clauses as they come; False if there were some and none of them could be spoken."""
        tried = spoken = 0
        while (clause := await self._clauses.get()) is not None:
            tried += 1
            self._listener.clause(clause)
            spoken += await self._speak(clause)
        return spoken > 0 or tried == 0

    async def _speak(self, clause: str) -> bool:
        for attempt in range(self._limits.retries + 1):
            try:
                if await self._synthesize(clause):
                    return True
            except EngineError as error:
                self._listener.failed(f"synthesizer, try {attempt + 1}: {error}")
            else:
                return False  # nothing speakable in it
        return False

    async def _synthesize(self, clause: str) -> int:
        samples = 0
        stream = self._engines.synthesizer.synthesize(clause)
        try:
            while True:
                async with asyncio.timeout(self._limits.synthesizer_timeout):
                    chunk = await anext(stream, None)
                if chunk is None:
                    return samples
                if self._turn.first_chunk is None:
                    self._turn.first_chunk = self._now()
                    self._turn.synthesizer_compute = chunk.compute
                await self._playout.append(self.generation, chunk, samples)
                samples += chunk.pcm.size
        except TimeoutError as error:
            return self._cut_short(
                samples, EngineError(f"no sound within {self._limits.synthesizer_timeout} s"), error
            )
        except (RuntimeError, ValueError, OSError) as error:
            return self._cut_short(samples, EngineError(str(error)), error)
        finally:
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()

    def _cut_short(self, samples: int, failure: EngineError, cause: Exception) -> int:
        """A clause that was partly spoken is not started over."""
        if samples == 0:
            raise failure from cause
        self._listener.failed(f"synthesizer, in the middle of a clause: {failure}")
        return samples

    async def _apologise(self, reason: str) -> None:
        if not self._limits.apologise or not self._engines.apology:
            self._listener.fell_back(f"{reason}: silence")
            return
        self._listener.fell_back(f"{reason}: the prepared apology")
        samples = 0
        for chunk in self._engines.apology:
            await self._playout.append(self.generation, chunk, samples)
            samples += chunk.pcm.size
