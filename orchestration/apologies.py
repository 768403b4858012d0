"""Apologies spoken beforehand, one for each persona and voice, so that saying sorry needs no engine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from orchestration.engines import EngineError
from speech.synthesizer import SpeechChunk, Synthesizer

log = logging.getLogger(__name__)


async def speak_apology(
    synthesizer: Synthesizer, text: str, voice: str | None, within: float
) -> list[SpeechChunk]:
    """The sound of an apology; empty, and logged, when it can't be had ``within`` so many seconds."""
    try:
        async with asyncio.timeout(within):
            return [chunk async for chunk in synthesizer.synthesize(text, voice)]
    except (EngineError, RuntimeError, ValueError, OSError) as error:  # TimeoutError is an OSError
        cause = str(error) or f"no sound within {within:g} s"
        log.error("an apology could not be prepared, silence will stand in for it: %s", cause)
        return []


class Apologies:
    """Prepares in the background what a session needs that isn't there yet."""

    def __init__(self, synthesizer: Synthesizer, timeout: float) -> None:
        self._synthesizer = synthesizer
        self._timeout = timeout  # seconds
        self._prepared: dict[tuple[str, str], list[SpeechChunk]] = {}
        self._preparing: dict[tuple[str, str], asyncio.Task[None]] = {}

    def keep(self, text: str, voice: str, sound: Sequence[SpeechChunk]) -> None:
        """Take what was prepared elsewhere."""
        self._prepared[text, voice] = list(sound)

    def of(self, text: str, voice: str) -> Sequence[SpeechChunk]:
        """The sound of ``text``: what is returned fills as soon as it has been prepared.

        What failed is tried again for the next session that asks.
        """
        key = (text, voice)
        sound = self._prepared.setdefault(key, [])
        if not sound and key not in self._preparing:
            task = asyncio.create_task(self._prepare(key, sound))
            self._preparing[key] = task
            task.add_done_callback(lambda _: self._preparing.pop(key))
        return sound

    async def _prepare(self, key: tuple[str, str], sound: list[SpeechChunk]) -> None:
        text, voice = key
        sound.extend(await speak_apology(self._synthesizer, text, voice or None, self._timeout))
