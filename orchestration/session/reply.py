"""From the user's words to the agent's sound: language model, clauses, synthesis, playout, all streaming."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from agents.language_model import (
    LanguageModelError,
    Message,
    TextDelta,
    Toolbox,
    ToolCall,
    ToolCallDelta,
    ToolsUnsupported,
)
from agents.reading import OTHER_LANGUAGE, Clause, Reading, ReplyReader
from agents.reply import closing, limit_sentences
from orchestration.engines import EngineError, Engines
from orchestration.session.latency import ReplyClock
from orchestration.session.observer import PLAIN, ReplyRequest
from orchestration.session.playout import Playout
from orchestration.session.tool_loop import Rounds
from speech.synthesizer import SpeechChunk

CLAUSES_AHEAD = 8  # clauses that may wait for the synthesizer before the language model is held back
CHUNKS_AHEAD = 8  # chunks of sound that may wait for the floor before the synthesizer is held back


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
    reading: Reading = field(default_factory=Reading)  # what is said of what the language model writes


class ReplyListener(Protocol):
    """Who wants to know how the reply goes."""

    def first_token(self) -> None: ...

    def clause(self, clause: Clause) -> None: ...

    def tool_call_piece(self, piece: ToolCallDelta) -> None: ...

    def tool_call(self, call: ToolCall) -> None: ...

    def tools_unsupported(self, message: str) -> None: ...

    def failed(self, message: str) -> None: ...

    def fell_back(self, message: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Sound:
    chunk: SpeechChunk
    spoken_before: int  # samples of the same clause


class Reply:
    """The way from messages to sound; cancel the task that runs it to stop it.

    It may run before it is granted the floor: then it prepares what it will say, and keeps it to itself.
    """

    def __init__(
        self,
        engines: Engines,
        playout: Playout,
        now: Callable[[], float],
        limits: ReplyLimits,
        listener: ReplyListener,
        request: ReplyRequest = PLAIN,
    ) -> None:
        self.clock = ReplyClock()
        self._request = request
        self._engines = engines
        self._playout = playout
        self._now = now
        self._limits = limits
        self._listener = listener
        self._clauses: asyncio.Queue[Clause | None] = asyncio.Queue(CLAUSES_AHEAD)
        self._sounds: asyncio.Queue[_Sound | None] = asyncio.Queue(CHUNKS_AHEAD)
        self._granted = asyncio.Event()
        self._generation = 0
        self._untold: list[Callable[[], None]] = []
        self._said = 0  # clauses that were handed over to be spoken
        self._looking_up = False  # tools are being called

    def grant(self, generation: int) -> None:
        """Let it be heard, as ``generation``, for which the playout has begun."""
        self._generation = generation
        self._granted.set()
        for tell in self._untold:
            tell()
        self._untold.clear()

    async def run(self, messages: Sequence[Message]) -> None:
        """Think and speak; failures end in the prepared apology, never in an exception."""
        speaking = asyncio.create_task(self._speak_clauses())
        playing = asyncio.create_task(self._play())
        try:
            thought = await self._think(messages)
            await self._clauses.put(None)
            spoke = await speaking
            if not (thought and spoke):
                await self._apologise("no language model answer" if not thought else "no voice")
            await self._sounds.put(None)
            await playing
        finally:
            speaking.cancel()
            playing.cancel()

    async def apologise(self, reason: str) -> None:
        """Speak the prepared apology instead of a reply."""
        playing = asyncio.create_task(self._play())
        try:
            await self._apologise(reason)
            await self._sounds.put(None)
            await playing
        finally:
            playing.cancel()

    def _tell(self, what: Callable[[], None]) -> None:
        if self._granted.is_set():
            what()
        else:
            self._untold.append(what)

    async def _play(self) -> None:
        """Hand the sound over once the floor is granted."""
        await self._granted.wait()
        while (sound := await self._sounds.get()) is not None:
            await self._playout.append(self._generation, sound.chunk, sound.spoken_before)
            self._playout.pausing = self._looking_up
        self._playout.finish(self._generation)

    async def _think(self, messages: Sequence[Message]) -> bool:
        """Stream the reply, with the calls that it makes; False if nothing at all could be had."""
        if self._request.cue:
            messages = (*messages, Message("system", self._request.cue))
        if self._request.loop is None:
            return await self._think_once(messages, None)
        rounds = self._request.loop.open()
        known = rounds.recall(messages)
        while await self._think_once(known, rounds):
            if not rounds.called:
                return True
            await self._granted.wait()  # a draft calls nothing
            self._looking_up = self._playout.pausing = True
            answered = await rounds.answer(known, lambda text: self._queue(Clause(text, text), 0.0))
            self._looking_up = False
            if answered is None:
                return self._said > 0
            known = answered
        return False

    async def _think_once(self, messages: Sequence[Message], rounds: Rounds | None) -> bool:
        """Stream one round into clauses; False if nothing at all could be had."""
        tools = self._request.tools if rounds is None else rounds.toolbox()
        said = self._said
        tries = self._limits.retries + 1
        attempt = -1
        while (attempt := attempt + 1) < tries:
            splitter = ReplyReader(self._limits.reading, spoken=self._request.spoken)
            queued = 0
            try:
                async with asyncio.timeout(self._limits.language_model_timeout):
                    queued = await self._stream_clauses(messages, splitter, tools, rounds)
            except ToolsUnsupported as error:
                self._tell(partial(self._listener.tools_unsupported, str(error)))
                tools = None
                if rounds is not None:
                    rounds.unsupported()
                attempt -= 1  # no failure: the same try without them
                continue
            except LanguageModelError as error:
                self._listener.failed(f"language model, try {attempt + 1}: {error}")
            except TimeoutError:
                self._listener.failed(f"language model, try {attempt + 1}: no answer in time")
            else:
                if queued:
                    return True
                self._listener.failed(f"language model, try {attempt + 1}: it said nothing")
            if self._said > said:
                # Part of the answer is being spoken already: saying it again would be worse than stopping.
                for clause in splitter.flush():
                    await self._clauses.put(clause)
                return True
        return False

    async def _stream_clauses(
        self,
        messages: Sequence[Message],
        splitter: ReplyReader,
        tools: Toolbox | None,
        rounds: Rounds | None,
    ) -> int:
        """Queue the clauses of one try and tell its calls; returns how many of both there were."""
        queued = 0
        if rounds is not None:
            rounds.begin()
        self.clock.ask(self._now())
        limits = self._limits
        max_tokens = self._request.max_tokens or limits.max_tokens
        whole = self._engines.language_model.stream(messages, max_tokens=max_tokens, tools=tools)
        stream = limit_sentences(whole, limits.max_sentences, calls_follow=tools is not None)
        first = True
        async with closing(stream):
            while True:
                async with asyncio.timeout(limits.first_token_timeout if first else None):
                    delta = await anext(stream, None)
                if delta is None:
                    break
                if first:
                    first = False
                    if rounds is None or rounds.first:
                        self.clock.first_token = self._now()
                        self._tell(self._listener.first_token)
                if rounds is not None:
                    rounds.take(delta)
                if not isinstance(delta, TextDelta):
                    queued += self._take_call(delta)
                    continue
                for clause in splitter.feed(delta.text):
                    await self._queue(clause, delta.elapsed)
                    queued += clause.shown
                if splitter.full:
                    break
        for clause in splitter.flush():
            await self._queue(clause, None)
            queued += clause.shown
        self.clock.written = self._now()
        return queued

    def _take_call(self, part: ToolCallDelta | ToolCall) -> int:
        if isinstance(part, ToolCallDelta):
            self._tell(partial(self._listener.tool_call_piece, part))
            return 0
        self._tell(partial(self._listener.tool_call, part))
        return 1

    async def _queue(self, clause: Clause, elapsed: float | None) -> None:
        self._said += bool(clause.said)
        if clause.said and self.clock.first_clause is None and self.clock.request is not None:
            self.clock.first_clause = now = self._now()
            # The last clause is known only when the stream has ended: then its time is all the model's.
            self.clock.language_model_compute = now - self.clock.request if elapsed is None else elapsed
        await self._clauses.put(clause)

    async def _speak_clauses(self) -> bool:
        """Synthesise clauses as they come; False if there were some and none of them could be spoken."""
        tried = spoken = 0
        while (clause := await self._clauses.get()) is not None:
            self._tell(partial(self._listener.clause, clause))
            if not self._request.spoken:
                if clause.shown:
                    self._tell(partial(self._playout.show, clause.text))
                continue
            tried += bool(clause.said) or clause.kind == OTHER_LANGUAGE
            if clause.said:
                spoken += await self._speak(clause.said)
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
                self.clock.last_chunk = self._now()
                if self.clock.first_chunk is None:
                    self.clock.first_chunk = self.clock.last_chunk
                    self.clock.synthesizer_compute = chunk.compute
                await self._sounds.put(_Sound(chunk, samples))
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
        await self._granted.wait()
        if not self._limits.apologise or not self._engines.apology:
            self._listener.fell_back(f"{reason}: silence")
            return
        self._listener.fell_back(f"{reason}: the prepared apology")
        samples = 0
        for chunk in self._engines.apology:
            await self._sounds.put(_Sound(chunk, samples))
            samples += chunk.pcm.size
