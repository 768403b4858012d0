"""Words whose sound says which word it is: what was heard can be read back from the packets."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from agents.language_model import Message
from orchestration.media import AGENT_SAMPLE_RATE
from orchestration.protocol import AgentFrame
from orchestration.session.playout import FADE
from orchestration.simulation.scripted import WORD_SECONDS, Failures, ScriptedSynthesizer
from speech.synthesizer import SpeechChunk, SpokenWord

LEVEL = 1 / 4096  # difference between the sound of one word and of the next; exact in float32
WORD_SAMPLES = round(WORD_SECONDS * AGENT_SAMPLE_RATE)
SHORTEST = 100  # samples of one level in a frame that are a word and not by chance in a fade
FADED = round(FADE * AGENT_SAMPLE_RATE)  # samples of a word that goes on after a hold that aren't its own


def number_of(word: str) -> int:
    """The number of a coded word such as ``w12,``."""
    found = re.search(r"w(\d+)", word)
    assert found is not None, f"{word!r} is no coded word"
    return int(found.group(1))


def coded(word: str) -> np.ndarray:
    return np.full(WORD_SAMPLES, (number_of(word) + 1) * LEVEL, np.float32)


def chunks(text: str) -> list[SpeechChunk]:
    """``text`` spoken, a chunk a word."""
    return [
        SpeechChunk(coded(word), (SpokenWord(word, n * WORD_SECONDS, (n + 1) * WORD_SECONDS),))
        for n, word in enumerate(text.split())
    ]


@dataclass
class CodedSynthesizer(ScriptedSynthesizer):
    """Speaks coded words; may also hang instead of failing."""

    stalls: Failures = field(default_factory=Failures)

    async def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[SpeechChunk]:
        for chunk in chunks(text):
            await asyncio.sleep(self.delay)
            if self.failures.strike():
                raise RuntimeError("scripted synthesizer failure")
            if self.stalls.strike():
                await asyncio.sleep(3600)
            yield chunk


@dataclass
class FreshWords:
    """Replies of which no two share a word: of every word it is known which reply it belongs to."""

    length: int
    first_of_all: int = 100
    first: int = 100
    replies: list[list[int]] = field(default_factory=list)

    def __call__(self, messages: Sequence[Message]) -> str:
        words = list(range(self.first, self.first + self.length))
        self.first += self.length
        self.replies.append(words)
        marks = (". " if n % 5 == 4 else " " for n in range(self.length))
        return "".join(f"w{word}{mark}" for word, mark in zip(words, marks, strict=True)).strip() + "."


def samples_of_words(frames: Iterable[AgentFrame]) -> Counter[int]:
    """How many samples of each word ``frames`` hold; sound that fades in is no word yet."""
    counted: Counter[int] = Counter()
    for frame in frames:
        if not frame.speech:
            continue
        levels, samples = np.unique(frame.pcm[frame.pcm > 0] / LEVEL, return_counts=True)
        for level, many in zip(levels.tolist(), samples.tolist(), strict=True):
            if many >= SHORTEST and level == round(level):
                counted[round(level) - 1] += many
    return counted
