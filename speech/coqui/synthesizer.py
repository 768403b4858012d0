"""Speech from text with Coqui TTS, chunk by chunk, without blocking the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar

from speech.coqui.config import CoquiConfig
from speech.coqui.errors import SynthesisError
from speech.coqui.opening import open_voice
from speech.coqui.rendering import measure_gain, render
from speech.coqui.voice import Voice
from speech.manner import PLAIN, Manner
from speech.spoken_text import Token, read_tokens, split_pieces
from speech.synthesizer import SYNTHESIZER_SAMPLE_RATE, SpeechChunk, SpokenWord

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_WARM_UP = "Hello, how are you today?"


@dataclass(frozen=True, slots=True)
class _Levelled:
    """One of the voices of the model, with its options and the gain that brings it to their level."""

    voice: Voice
    config: CoquiConfig
    gain: float


class CoquiSynthesizer:
    """Speaks with the voices of one Coqui model; implements :class:`speech.synthesizer.Synthesizer`.

    Constructing it loads the model and measures its loudness, which takes seconds: do it before the event
    loop runs, or in a thread. Every model call runs in one thread of its own; texts spoken at the same time
    take turns. Raises ``VoiceError`` if the voice can't be opened.
    """

    def __init__(self, config: CoquiConfig) -> None:
        self._config = config
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="coqui")
        self._turn = asyncio.Lock()
        self._closed = False
        self._one_pace_told = False
        try:
            self._voices = self._executor.submit(self._open).result()
        except BaseException:
            self._executor.shutdown(wait=False)
            raise

    def _open(self) -> dict[str | None, _Levelled]:
        """The model's voices by name, its default voice also under None; the model is loaded once."""
        opened = open_voice(self._config)
        own = _Levelled(opened, self._config, _gain(opened, self._config))
        named: dict[str | None, _Levelled] = {}
        for name in self._config.voices:
            config = self._config.of(name)
            voice = opened.variant(config)
            named[name] = _Levelled(
                voice, config, _gain(voice, config) if _sounds_else(config, own) else own.gain
            )
        return {None: next(iter(named.values()), own), **named}

    async def warm_up(self) -> None:
        """Speak a sentence to nobody, so that the first real one is as fast as the next."""
        async with aclosing(self.synthesize(_WARM_UP)) as chunks:
            async for _ in chunks:
                pass

    def synthesize(self, text: str, voice: str | None = None) -> AsyncGenerator[SpeechChunk, None]:
        """Speak ``text`` as ``voice`` speaks, one of the configured ``voices``, by default the first."""
        return self.synthesize_in(PLAIN, text, voice)

    async def synthesize_in(
        self, manner: Manner, text: str, voice: str | None = None
    ) -> AsyncGenerator[SpeechChunk, None]:
        """Speak ``text`` chunk by chunk in ``manner``; long text is cut at its sentences and clauses, so that
        sound starts early. ``voice`` is one of the configured ``voices``, by default the first.

        The words' texts are the text's own tokens ("$5" stays "$5"), in order, covering it; emoji and marks
        that aren't spoken stay with their neighbour. Nothing speakable yields no chunk. Raises
        ``SynthesisError`` if there is no such voice, the text is longer than ``max_chars``, the model fails,
        or a model call exceeds ``timeout``.
        """
        if self._closed:
            raise SynthesisError("the synthesizer is closed; open a new one")
        if len(text) > self._config.max_chars:
            raise SynthesisError(
                f"a text of {len(text)} characters is longer than max_chars = {self._config.max_chars}; "
                "send it in parts or raise the limit"
            )
        chosen = self._voices.get(voice)
        if chosen is None:
            known = ", ".join(self._config.voices) or "none but its own"
            raise SynthesisError(f"{self._config.model} has no voice {voice!r}; it has {known}")
        if manner != PLAIN and not (chosen.voice.paces or self._one_pace_told):
            self._one_pace_told = True
            log.warning(
                "%s has one pace and one pitch: only how loud it is can be varied", self._config.model
            )
        tokens = read_tokens(text, chosen.voice.language)
        played = 0  # samples
        pieces = split_pieces(
            tokens, longest=self._config.piece_chars, first_longest=self._config.first_piece_chars
        )
        for piece in pieces:
            begun = played / SYNTHESIZER_SAMPLE_RATE
            async with aclosing(self._speak(chosen, piece, manner)) as chunks:
                async for chunk in chunks:
                    played += len(chunk.pcm)
                    words = tuple(_later(word, begun) for word in chunk.words)
                    yield SpeechChunk(chunk.pcm, words, chunk.compute)

    async def _speak(
        self, chosen: _Levelled, piece: tuple[Token, ...], manner: Manner
    ) -> AsyncGenerator[SpeechChunk, None]:
        exclusive = chosen.voice.exclusive
        if exclusive:  # the model keeps a piece's state: another text waits until this piece is over
            try:
                await asyncio.wait_for(self._turn.acquire(), self._config.timeout)
            except TimeoutError as error:
                raise SynthesisError(
                    f"the voice {self._config.model} was busy with another text for timeout = "
                    f"{self._config.timeout} s; add a replica, or raise the limit"
                ) from error
        chunks = render(chosen.voice, chosen.config, piece, chosen.gain, manner)
        try:
            while (chunk := await self._call(lambda: next(chunks, None))) is not None:
                yield chunk
        finally:
            if exclusive:
                self._turn.release()

    async def _call(self, work: Callable[[], _T]) -> _T:
        """Run one step in the model's thread. One that has begun ends on its own; later ones are dropped."""
        loop = asyncio.get_running_loop()
        try:
            return await asyncio.wait_for(loop.run_in_executor(self._executor, work), self._config.timeout)
        except TimeoutError as error:
            raise SynthesisError(
                f"the voice {self._config.model} gave no sound within timeout = {self._config.timeout} s; "
                "give it more threads, or raise the limit"
            ) from error

    def close(self) -> None:
        """Stop the thread after the step that is running and give the model's memory back."""
        if not self._closed:
            self._closed = True
            for voice in {id(one.voice): one.voice for one in self._voices.values()}.values():
                self._executor.submit(voice.close)
            self._voices = {}
            self._executor.shutdown(wait=True)

    def __enter__(self) -> CoquiSynthesizer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _later(word: SpokenWord, seconds: float) -> SpokenWord:
    return SpokenWord(word.text, word.start + seconds, word.end + seconds)


def _gain(voice: Voice, config: CoquiConfig) -> float:
    return measure_gain(voice, config, read_tokens(_WARM_UP, voice.language))


def _sounds_else(config: CoquiConfig, own: _Levelled) -> bool:
    """Whether this voice's loudness has to be measured on its own; pace and pitch leave it as it is."""
    return any(
        getattr(config, name) != getattr(own.config, name) for name in ("speaker", "speaker_wav", "language")
    )
