"""Engines behind Ray Serve handles, with the same interface as those in this process.

Cancelling the awaiting task, or closing the iterator, cancels the work in the replica.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException

from agents.language_model import LanguageModelError, Message, ReplyPart, Toolbox, ToolsUnsupported
from orchestration.engines import EngineError
from orchestration.faces.desk import FaceBatch, FaceResult
from orchestration.media import FloatArray
from speech.manner import PLAIN, Manner
from speech.recognizer import Transcript
from speech.synthesizer import SpeechChunk

_FAILURES = (RayError, RayServeException)


def cause_of(error: Exception) -> str:
    """What went wrong in the replica, in one line."""
    cause = getattr(error, "cause", None) or error
    return " ".join(str(cause).split()) or type(cause).__name__


class RemoteRecognizer:
    """``Recognizer`` in a replica."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    async def transcribe(self, pcm: FloatArray, *, words: bool = True) -> Transcript:
        return await self._transcript(self._handle.transcribe.remote(pcm, words))

    async def transcribe_in(self, language: str, pcm: FloatArray, *, words: bool = True) -> Transcript:
        return await self._transcript(self._handle.transcribe_in.remote(language, pcm, words))

    async def _transcript(self, response: Any) -> Transcript:
        try:
            transcript: Transcript = await response
        except asyncio.CancelledError:
            response.cancel()
            raise
        except _FAILURES as error:
            raise EngineError(cause_of(error)) from error
        return transcript


class RemoteLanguageModel:
    """``LanguageModel`` in a replica."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle.options(stream=True)
        self._once = handle

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, tools: Toolbox | None = None
    ) -> AsyncIterator[ReplyPart]:
        response = self._handle.stream.remote(messages, max_tokens, tools)
        try:
            async for part in response:
                yield part
        except _FAILURES as error:
            if isinstance(getattr(error, "cause", None), ToolsUnsupported):
                raise ToolsUnsupported(cause_of(error)) from error
            raise LanguageModelError(cause_of(error)) from error
        finally:
            response.cancel()  # does nothing once it has ended

    async def ending_probability(self, messages: Sequence[Message], text: str) -> float | None:
        response = self._once.ending_probability.remote(messages, text)
        try:
            probability: float | None = await response
        except asyncio.CancelledError:
            response.cancel()
            raise
        except _FAILURES as error:
            raise LanguageModelError(cause_of(error)) from error
        return probability


class RemoteSynthesizer:
    """``Synthesizer`` in a replica."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle.options(stream=True)

    def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[SpeechChunk]:
        return self.synthesize_in(PLAIN, text, voice)

    async def synthesize_in(
        self, manner: Manner, text: str, voice: str | None = None
    ) -> AsyncIterator[SpeechChunk]:
        response = self._handle.synthesize_in.remote(manner, text, voice)
        try:
            async for chunk in response:
                yield chunk
        except _FAILURES as error:
            raise EngineError(cause_of(error)) from error
        finally:
            response.cancel()  # does nothing once it has ended


class RemoteFaceBackend:
    """``FaceBackend`` in a replica; every call has a time limit."""

    def __init__(self, handle: Any, timeout: float) -> None:
        self._handle = handle
        self._timeout = timeout  # seconds

    async def open(self, seed: int, history: tuple[FaceBatch, ...]) -> int | None:
        lease: int | None = await self._ask(self._handle.open.remote(seed, history))
        return lease

    async def step(self, batch: FaceBatch) -> FaceResult:
        result: FaceResult = await self._ask(self._handle.step.remote(batch))
        return result

    async def close(self, lease: int) -> None:
        await self._ask(self._handle.close.remote(lease))

    async def _ask(self, response: Any) -> Any:
        try:
            async with asyncio.timeout(self._timeout):
                return await response
        except TimeoutError as error:
            raise EngineError(f"the avatar did not answer within {self._timeout:g} s") from error
        except _FAILURES as error:
            raise EngineError(cause_of(error)) from error
