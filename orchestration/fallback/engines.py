"""The three kinds of engine that may have stand-ins, each as one engine again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from copy import copy
from typing import TypeVar

from agents.failures import EmptyReply
from agents.language_model import LanguageModel, Message, ReplyPart, Toolbox, ToolsUnsupported
from agents.reply import closing
from orchestration.chosen_voice import spoken
from orchestration.fallback.chain import Chain, Link
from orchestration.fallback.switch import Switch, Tell
from orchestration.media import FloatArray
from speech.manner import PLAIN, Manner
from speech.recognizer import HearsLanguages, Recognizer, Transcript
from speech.synthesizer import SpeechChunk, Synthesizer

F = TypeVar("F", "FallbackRecognizer", "FallbackLanguageModel", "FallbackSynthesizer")


def _nobody(switch: Switch) -> None:
    """A switch that no session asked to hear of; it is in the log."""


def _reporting(engine: F, tell: Tell) -> F:
    told = copy(engine)  # health is shared, as is everything else
    told.told = tell
    return told


class FallbackRecognizer:
    """``Recognizer`` of several."""

    def __init__(self, links: Sequence[Link[Recognizer]], wait: float) -> None:
        self._chain = Chain("recognizer", links, wait)
        self.told: Tell = _nobody

    def reporting_to(self, tell: Tell) -> FallbackRecognizer:
        """The same recognisers for one caller, who is told of switches."""
        return _reporting(self, tell)

    async def transcribe(self, pcm: FloatArray, *, words: bool = True) -> Transcript:
        """See :class:`~speech.recognizer.Recognizer`."""

        async def call(link: Link[Recognizer]) -> AsyncIterator[Transcript]:
            yield await link.engine.transcribe(pcm, words=words)

        return await self._first(call)

    async def transcribe_in(self, language: str, pcm: FloatArray, *, words: bool = True) -> Transcript:
        """See :class:`~speech.recognizer.HearsLanguages`; one that can't is passed over."""

        async def call(link: Link[Recognizer]) -> AsyncIterator[Transcript]:
            if not isinstance(link.engine, HearsLanguages):
                raise RuntimeError(f"it can't be told to hear {language!r}")
            yield await link.engine.transcribe_in(language, pcm, words=words)

        return await self._first(call)

    async def _first(self, call: Callable[[Link[Recognizer]], AsyncIterator[Transcript]]) -> Transcript:
        async with aclosing(self._chain.stream(call, self.told)) as answers:
            async for transcript in answers:
                return transcript
        raise RuntimeError("no recogniser answered")


class FallbackLanguageModel:
    """``LanguageModel`` of several; the one that has begun a reply ends it, or nobody does."""

    def __init__(self, links: Sequence[Link[LanguageModel]], wait: float) -> None:
        self._chain = Chain(
            "language_model", links, wait, harmless=(EmptyReply,), passed_on=(ToolsUnsupported,)
        )
        self.told: Tell = _nobody

    def reporting_to(self, tell: Tell) -> FallbackLanguageModel:
        """The same models for one caller, who is told of switches."""
        return _reporting(self, tell)

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, tools: Toolbox | None = None
    ) -> AsyncIterator[ReplyPart]:
        """See :class:`~agents.language_model.LanguageModel`."""

        async def call(link: Link[LanguageModel]) -> AsyncIterator[ReplyPart]:
            empty = True
            async with closing(link.engine.stream(messages, max_tokens=max_tokens, tools=tools)) as parts:
                async for part in parts:
                    empty = False
                    yield part
            if empty:
                raise EmptyReply(f"{link.name} said nothing")

        async with aclosing(self._chain.stream(call, self.told)) as parts:
            async for part in parts:
                yield part


class FallbackSynthesizer:
    """``Synthesizer`` of several, each with the voices it has; a clause is spoken by one of them."""

    def __init__(
        self, links: Sequence[Link[Synthesizer]], wait: float, voices: Mapping[str, Collection[str]]
    ) -> None:
        self._chain = Chain("synthesizer", links, wait)
        self._voices = voices  # of the stand-ins, by name of the engine
        self.told: Tell = _nobody

    def reporting_to(self, tell: Tell) -> FallbackSynthesizer:
        """The same synthesisers for one caller, who is told of switches."""
        return _reporting(self, tell)

    def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[SpeechChunk]:
        """See :class:`~speech.synthesizer.Synthesizer`; a stand-in without ``voice`` uses its default one."""
        return self.synthesize_in(PLAIN, text, voice)

    async def synthesize_in(
        self, manner: Manner, text: str, voice: str | None = None
    ) -> AsyncIterator[SpeechChunk]:
        """See :class:`~speech.synthesizer.SpeaksInManners`; one that can't speaks as it does."""

        def call(link: Link[Synthesizer]) -> AsyncIterator[SpeechChunk]:
            known = link.name not in self._voices or voice in self._voices[link.name]
            return spoken(link.engine, manner, text, voice if known else None)

        async with aclosing(self._chain.stream(call, self.told)) as chunks:
            async for chunk in chunks:
                yield chunk
