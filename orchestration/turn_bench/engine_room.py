"""Real models behind virtual time: each works to its end, then its time is counted on the virtual clock.

What a model gave is remembered with how long it took, so that every policy meets the same answers after the
same waits, and a run that was cut off goes on. A call's time is the lesser of the wall's and the processor's:
on a machine that does other work the wall tells of that work, and the processor's time of two threads is more
than an idle machine would need. So no wait is shorter than it would be there.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from agents.language_model import Completes, LanguageModel, Message, ReplyPart, TextDelta, Toolbox
from orchestration.media import FloatArray
from speech.recognizer import Recognizer, Transcript
from speech.synthesizer import SpeechChunk, Synthesizer

T = TypeVar("T")
LONGEST: Final = 120.0  # seconds in which a model must have done one piece of work


class RealTime:
    """A thread with an event loop in real time, for models that need one; ``close`` it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="real-time", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do ``work`` there and wait for it; raises what it raises, ``TimeoutError`` after two minutes."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LONGEST)

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Stopwatch:
    """Seconds since it was made: the lesser of the wall's and of this process's processors'."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> float:
        """Seconds so far."""
        return min(time.perf_counter() - self._wall, time.process_time() - self._cpu)


class Remembered:
    """What models gave, by what they were given; kept in one file of JSON lines where there is a folder."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[str, Any] = {}
        if path is not None and path.is_file():
            for line in path.read_text(encoding="utf-8").splitlines():
                key, value = json.loads(line)
                self._known[key] = value

    def get(self, *given: str | bytes) -> Any:
        """What was kept for ``given``; None if nothing was."""
        return self._known.get(_digest(given))

    def keep(self, value: Any, *given: str | bytes) -> None:
        """Keep ``value``, which JSON can hold."""
        key = _digest(given)
        self._known[key] = value
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([key, value]) + "\n")


def _digest(given: Sequence[str | bytes]) -> str:
    parts = (one.encode() if isinstance(one, str) else one for one in given)
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:24]


class MeasuredRecognizer:
    """A real recogniser that answers, one request at a time, after the time that it took."""

    def __init__(self, recognizer: Recognizer, room: RealTime, memory: Remembered) -> None:
        self._recognizer, self._room, self._memory = recognizer, room, memory
        self._busy = asyncio.Lock()

    async def transcribe(self, pcm: FloatArray, *, words: bool = True) -> Transcript:
        """See :class:`~speech.recognizer.Recognizer`; a cancelled request frees the model at once."""
        given = ("recognizer", np.ascontiguousarray(pcm).tobytes(), str(words))
        known = self._memory.get(*given)
        if known is None:
            watch = Stopwatch()
            heard = self._room.run(self._recognizer.transcribe(pcm, words=words))
            known = [heard.text, heard.language, heard.rejected, watch.read()]
            self._memory.keep(known, *given)
        text, language, rejected, seconds = known
        async with self._busy:
            await asyncio.sleep(seconds)
        return Transcript(text, language=language, rejected=rejected, compute=seconds)


class MeasuredLanguageModel:
    """A real language model that streams at the pace at which it streamed, and does one thing at a time."""

    def __init__(self, model: LanguageModel, room: RealTime, memory: Remembered) -> None:
        self._model, self._room, self._memory = model, room, memory
        self._busy = asyncio.Lock()

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, tools: Toolbox | None = None
    ) -> AsyncIterator[ReplyPart]:
        """See :class:`~agents.language_model.LanguageModel`; tools are not offered on."""
        before = 0.0
        async with self._busy:
            for text, elapsed in self.pieces(messages, max_tokens):
                await asyncio.sleep(max(0.0, elapsed - before))
                before = elapsed
                yield TextDelta(text, elapsed)

    def pieces(self, messages: Sequence[Message], max_tokens: int | None) -> list[tuple[str, float]]:
        """The whole reply, each piece with the seconds after which it came."""
        given = ("language model", str(max_tokens), *(f"{one.role}:{one.content}" for one in messages))
        known = self._memory.get(*given)
        if known is None:
            known = self._room.run(self._collect(messages, max_tokens))
            self._memory.keep(known, *given)
        return [(text, elapsed) for text, elapsed in known]

    async def ending_probability(self, messages: Sequence[Message], text: str) -> float | None:
        """See :class:`~agents.language_model.Completes`; None where the real model can't tell."""
        if not isinstance(self._model, Completes):
            return None
        given = ("ending", text, *(f"{one.role}:{one.content}" for one in messages))
        known = self._memory.get(*given)
        if known is None:
            watch = Stopwatch()
            known = [self._room.run(self._model.ending_probability(messages, text)), watch.read()]
            self._memory.keep(known, *given)
        probability, seconds = known
        async with self._busy:
            await asyncio.sleep(seconds)
        return None if probability is None else float(probability)

    async def _collect(self, messages: Sequence[Message], max_tokens: int | None) -> list[tuple[str, float]]:
        watch, parts = Stopwatch(), []
        async for part in self._model.stream(messages, max_tokens=max_tokens):
            if isinstance(part, TextDelta):
                parts.append((part.text, watch.read()))
        return parts


class ScriptedAnswers:
    """Answers by a script, and judges endings by a real model, so that pauses are judged as ends are."""

    def __init__(self, script: LanguageModel, model: MeasuredLanguageModel) -> None:
        self._script, self._model = script, model

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, tools: Toolbox | None = None
    ) -> AsyncIterator[ReplyPart]:
        """The script's reply."""
        return self._script.stream(messages, max_tokens=max_tokens, tools=tools)

    async def ending_probability(self, messages: Sequence[Message], text: str) -> float | None:
        """The real model's answer."""
        return await self._model.ending_probability(messages, text)


Spoken = dict[str, list[tuple[SpeechChunk, float]]]  # sound is too large to be kept in JSON


class MeasuredSynthesizer:
    """A real voice whose chunks come after the time that each of them took."""

    def __init__(self, voice: Synthesizer, room: RealTime, known: Spoken) -> None:
        self._voice, self._room, self._known = voice, room, known
        self._busy = asyncio.Lock()

    async def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[SpeechChunk]:
        """See :class:`~speech.synthesizer.Synthesizer`; one clause at a time, as one model does."""
        async with self._busy:
            for chunk, seconds in self.spoken(text, voice):
                await asyncio.sleep(seconds)
                yield chunk

    def spoken(self, text: str, voice: str | None = None) -> list[tuple[SpeechChunk, float]]:
        """The chunks of ``text`` and the seconds that each took."""
        if text not in self._known:
            self._known[text] = self._room.run(self._collect(text, voice))
        return self._known[text]

    async def _collect(self, text: str, voice: str | None) -> list[tuple[SpeechChunk, float]]:
        chunks, watch = [], Stopwatch()
        async for chunk in self._voice.synthesize(text, voice):
            chunks.append((chunk, watch.read()))
            watch = Stopwatch()
        return chunks
