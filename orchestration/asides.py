"""Short words spoken beforehand in each voice: what is said softly while listening, or into a long wait.

What isn't a short voiced sound in some voice is left out there, and the log says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

import numpy as np

from orchestration.aside import NO_ASIDES, VoiceAsides, at_level, in_frames, trimmed, unlike_a_soft_sound
from orchestration.engines import EngineError
from orchestration.media import AGENT_SAMPLE_RATE, FloatArray, silence
from speech.levels import active_level
from speech.synthesizer import Synthesizer

log = logging.getLogger(__name__)

LONGEST_FILLER: Final = 2.5  # s
# How loud a voice speaks. Voices are levelled on one sentence, and others come out up to 6 dB softer.
REFERENCE: Final = "That is a good question. I can tell you more about it, if you like."


class Asides:
    """Prepares in the background, voice by voice, what sessions say without taking the turn."""

    def __init__(
        self,
        synthesizer: Synthesizer,
        timeout: float,
        *,
        soft: Sequence[str],
        gain_db: float,
        fillers: Sequence[str],
    ) -> None:
        self._synthesizer = synthesizer
        self._timeout = timeout  # seconds a word
        self._soft = tuple(soft)
        self._gain = 10 ** (gain_db / 20)
        self._fillers = tuple(fillers)
        self._prepared: dict[str, VoiceAsides] = {}
        self._preparing: set[asyncio.Task[None]] = set()

    def of(self, voice: str) -> VoiceAsides:
        """What ``voice`` (empty: the only one) has ready; begins to prepare it at the first call."""
        if not self._soft and not self._fillers:
            return NO_ASIDES
        if voice not in self._prepared:
            self._prepared[voice] = VoiceAsides()
            task = asyncio.create_task(self._prepare(voice, self._prepared[voice]))
            self._preparing.add(task)
            task.add_done_callback(self._preparing.discard)
        return self._prepared[voice]

    async def _prepare(self, voice: str, ready: VoiceAsides) -> None:
        """One word after the other, so that replies find the synthesiser free in between."""
        level = await self._level(voice) if self._soft else 0.0
        for word in self._soft if level > 0 else ():
            pcm = trimmed(await self._speak(word, voice))
            problem = unlike_a_soft_sound(pcm) if pcm.size else ""
            if problem:
                log.warning("%r in voice %r won't be said while listening: %s", word, voice, problem)
            elif pcm.size:
                ready.soft.append(in_frames(word, at_level(pcm, level * self._gain)))
        for word in self._fillers:
            pcm = trimmed(await self._speak(word, voice))
            if pcm.size > LONGEST_FILLER * AGENT_SAMPLE_RATE:
                log.warning("%r is longer than %g s and won't be said: shorten it", word, LONGEST_FILLER)
            elif pcm.size:
                ready.fillers.append(in_frames(word, pcm))

    async def _level(self, voice: str) -> float:
        """RMS of what ``voice`` says aloud, 0..1; 0, and logged, where that can't be had."""
        level = active_level(await self._speak(REFERENCE, voice), AGENT_SAMPLE_RATE)
        if level == 0:
            log.error("nothing will be said softly in voice %r: how loud it speaks isn't known", voice)
        return level

    async def _speak(self, word: str, voice: str) -> FloatArray:
        """The word's sound (samples,); empty, and logged, where it can't be had."""
        try:
            async with asyncio.timeout(self._timeout):
                chunks = [chunk.pcm async for chunk in self._synthesizer.synthesize(word, voice or None)]
        except (EngineError, RuntimeError, ValueError, OSError) as error:  # TimeoutError is an OSError
            cause = str(error) or f"no sound within {self._timeout:g} s"
            log.error("%r could not be prepared in voice %r and won't be said: %s", word, voice, cause)
            return silence(0)
        return np.concatenate([silence(0), *chunks])
