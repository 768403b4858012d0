"""Engines that do what a script says, after the delays it says, on any event loop.

The user's words travel in the sound itself: :func:`spoken` gives a stretch of sound whose level numbers
an entry of the script, which :class:`ScriptedRecognizer` reads back: what was heard is what is understood.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from agents.language_model import (
    LanguageModelError,
    Message,
    ReplyPart,
    TextDelta,
    Toolbox,
    ToolCall,
    ToolCallDelta,
)
from orchestration.engines import Engines, FaceChannel, VoiceActivity
from orchestration.media import (
    AGENT_SAMPLE_RATE,
    MOTION_SIZE,
    USER_FRAME_SAMPLES,
    USER_SAMPLE_RATE,
    FloatArray,
)
from speech.recognizer import Transcript
from speech.synthesizer import SpeechChunk, SpokenWord

LEVEL_STEP = 0.01  # difference of level between one scripted utterance of the user and the next
SPEECH_LEVEL = 0.1  # level of the first of them
WORD_SECONDS = 0.3  # length of every scripted word of the agent
JAW_OPEN = 17  # column of jawOpen in the 61 motion values


def spoken(number: int, seconds: float) -> FloatArray:
    """The user's utterance ``number`` as sound of constant level, whole frames, 16 kHz."""
    frames = max(1, round(seconds * USER_SAMPLE_RATE / USER_FRAME_SAMPLES))
    return np.full(frames * USER_FRAME_SAMPLES, SPEECH_LEVEL + number * LEVEL_STEP, np.float32)


def articulated(number: int, seconds: float) -> FloatArray:
    """Like :func:`spoken`, but of a mouth that moves: its pitch jumps from frame to frame.

    Policies that look at the sound take it for words, and a constant level for a hum.
    """
    pcm = spoken(number, seconds)
    at = np.arange(pcm.size)
    half = np.where(at // USER_FRAME_SAMPLES % 2, 20, 4)  # samples of half a period: 400 Hz and 2 kHz
    return np.where(at // half % 2, -pcm, pcm).astype(np.float32)


@dataclass
class Failures:
    """How often an engine still fails before it works."""

    left: int = 0

    def strike(self) -> bool:
        """Whether this call fails."""
        if self.left > 0:
            self.left -= 1
            return True
        return False


@dataclass
class ScriptedRecognizer:
    """Understands the numbered utterances of :func:`spoken`, in the order in which they are heard."""

    utterances: Sequence[str]
    delay: float = 0.2  # seconds
    failures: Failures = field(default_factory=Failures)
    calls: int = 0
    cancelled: int = 0

    async def transcribe(self, pcm: FloatArray, *, words: bool = True) -> Transcript:
        self.calls += 1
        try:
            await asyncio.sleep(self.delay)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.failures.strike():
            raise RuntimeError("scripted recognizer failure")
        levels = np.round((np.unique(pcm[pcm > 0]) - SPEECH_LEVEL) / LEVEL_STEP).astype(int)
        order = sorted(set(levels.tolist()), key=lambda number: _first_at_level(pcm, number))
        text = " ".join(self.utterances[number] for number in order)
        return Transcript(text, compute=self.delay, rejected="" if text else "silence")


@dataclass
class ScriptedLanguageModel:
    """Answers with ``reply(messages)``, a few characters at a time, then calls what ``call`` says.

    Only a request that offers tools can be answered by a call.
    """

    reply: Callable[[Sequence[Message]], str]
    call: Callable[[Sequence[Message], Toolbox], Sequence[ToolCall]] = lambda messages, tools: ()
    first_token: float = 0.1  # seconds
    per_token: float = 0.01  # seconds
    failures: Failures = field(default_factory=Failures)
    stalls: Failures = field(default_factory=Failures)
    asked: list[tuple[Message, ...]] = field(default_factory=list)
    offered: list[Toolbox | None] = field(default_factory=list)

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, tools: Toolbox | None = None
    ) -> AsyncIterator[ReplyPart]:
        self.asked.append(tuple(messages))
        self.offered.append(tools)
        elapsed = self.first_token
        await asyncio.sleep(self.first_token)
        if self.failures.strike():
            raise LanguageModelError("scripted language model failure")
        if self.stalls.strike():
            await asyncio.sleep(3600)
        text = self.reply(messages)
        for start in range(0, len(text), 4):
            yield TextDelta(text[start : start + 4], elapsed)
            await asyncio.sleep(self.per_token)
            elapsed += self.per_token
        for call in () if tools is None else self.call(messages, tools):
            for start in range(0, len(call.arguments), 4):
                yield ToolCallDelta(call.call_id, call.name, call.arguments[start : start + 4])
                await asyncio.sleep(self.per_token)
            yield call


@dataclass
class ScriptedSynthesizer:
    """Speaks every word for ``WORD_SECONDS``, in chunks of one word."""

    delay: float = 0.1  # seconds before each chunk
    failures: Failures = field(default_factory=Failures)
    voices: list[str | None] = field(default_factory=list)  # asked for, call by call

    async def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[SpeechChunk]:
        self.voices.append(voice)
        for number, word in enumerate(text.split()):
            await asyncio.sleep(self.delay)
            if self.failures.strike():
                raise RuntimeError("scripted synthesizer failure")
            start = number * WORD_SECONDS
            pcm = np.full(round(WORD_SECONDS * AGENT_SAMPLE_RATE), 0.2, np.float32)
            timed = SpokenWord(word, start, start + WORD_SECONDS)
            yield SpeechChunk(pcm, (timed,), compute=self.delay)


@dataclass
class ScriptedFaces:
    """A mouth that is open while the agent sounds; every ``miss_every``-th frame doesn't come."""

    miss_every: int = 0
    open_now: int = 0

    async def open(self, seed: int) -> FaceChannel:
        self.open_now += 1
        return _ScriptedFace(self)


class _ScriptedFace:
    def __init__(self, faces: ScriptedFaces) -> None:
        self._faces = faces
        self._frames = 0

    async def step(
        self,
        agent_pcm: FloatArray,
        user_pcm: FloatArray,
        user_motion: FloatArray | None,
        agent_ahead: FloatArray,
    ) -> FloatArray | None:
        self._frames += 1
        if self._faces.miss_every and self._frames % self._faces.miss_every == 0:
            return None
        motion = np.zeros(MOTION_SIZE, np.float32)
        motion[JAW_OPEN] = min(1.0, 2 * float(np.abs(agent_pcm).mean()))
        return motion

    async def close(self) -> None:
        self._faces.open_now -= 1


class LevelVoiceActivity:
    """Calls speech whatever is not silent; enough for the sounds of :func:`spoken`."""

    async def step(self, pcm: FloatArray) -> float:
        return 1.0 if float(np.abs(pcm).mean()) >= SPEECH_LEVEL / 2 else 0.0


def scripted_engines(
    utterances: Sequence[str], reply: Callable[[Sequence[Message]], str], *, apology: str = ""
) -> Engines:
    """A complete set; its parts are the classes above and can be adjusted before use."""
    words = apology.split()
    prepared = tuple(
        SpeechChunk(
            np.full(round(WORD_SECONDS * AGENT_SAMPLE_RATE), 0.2, np.float32),
            (SpokenWord(word, number * WORD_SECONDS, (number + 1) * WORD_SECONDS),),
        )
        for number, word in enumerate(words)
    )
    return Engines(
        recognizer=ScriptedRecognizer(utterances),
        language_model=ScriptedLanguageModel(reply),
        synthesizer=ScriptedSynthesizer(),
        faces=ScriptedFaces(),
        open_voice_activity=_level_voice_activity,
        apology=prepared,
    )


def _level_voice_activity() -> VoiceActivity:
    return LevelVoiceActivity()


def _first_at_level(pcm: FloatArray, number: int) -> int:
    return int(np.argmax(np.abs(pcm - (SPEECH_LEVEL + number * LEVEL_STEP)) < LEVEL_STEP / 4))
