"""An agent that speaks with a person's recorded voice: sentences whose sound is known beforehand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from orchestration.media import AGENT_SAMPLE_RATE, FloatArray
from speech.synthesizer import SpeechChunk, SpokenWord, Synthesizer


class RecitingSynthesizer:
    """Gives a clause of a known sentence its part of the recording; speaks others as ``voice`` does.

    ``sentences`` are their sounds (samples,) at 24 kHz. Every clause comes ``delay`` seconds after it was
    asked for, its words spread evenly over it.
    """

    def __init__(self, sentences: Mapping[str, FloatArray], delay: float, voice: Synthesizer) -> None:
        self._sentences, self._delay, self._voice = sentences, delay, voice

    async def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[SpeechChunk]:
        """See :class:`~speech.synthesizer.Synthesizer`; one chunk."""
        pcm = self._part(text)
        if pcm is None:
            async for chunk in self._voice.synthesize(text, voice):
                yield chunk
            return
        await asyncio.sleep(self._delay)
        spoken = text.split()
        each = pcm.size / AGENT_SAMPLE_RATE / len(spoken)
        timed = tuple(SpokenWord(word, n * each, (n + 1) * each) for n, word in enumerate(spoken))
        yield SpeechChunk(pcm, timed, compute=self._delay)

    def _part(self, text: str) -> FloatArray | None:
        clause = text.split()
        if not clause:
            return None
        for sentence, pcm in self._sentences.items():
            words = sentence.split()
            for first in range(len(words) - len(clause) + 1):
                if words[first : first + len(clause)] == clause:
                    begin, end = first / len(words), (first + len(clause)) / len(words)
                    return pcm[round(begin * pcm.size) : round(end * pcm.size)]
        return None
