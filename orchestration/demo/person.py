"""A simulated person with a voice: decides what to say, then says it, in a process of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import soxr

from agents.language_model import Message
from agents.simulated_user import SimulatedUser
from orchestration.media import USER_SAMPLE_RATE, FloatArray
from speech.coqui.config import CoquiConfig
from speech.synthesizer import SYNTHESIZER_SAMPLE_RATE


class Person:
    """Turns a :class:`~agents.simulated_user.SimulatedUser`'s words into sound at 16 kHz.

    The voice runs in a process of its own with low priority, so that it takes nothing from the agent's time.
    """

    def __init__(self, mind: SimulatedUser, voice: CoquiConfig) -> None:
        self._mind = mind
        self._process = ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context("spawn"), initializer=_open_voice, initargs=(voice,)
        )
        self._ready = self._process.submit(_say, "Hello.")  # starts the process and warms the voice up

    async def next_utterance(self, dialogue: Sequence[Message]) -> tuple[str, FloatArray] | None:
        """What the person says next, as words and sound (samples,); None when they have finished."""
        text = await self._mind.next_utterance(dialogue)
        if text is None:
            return None
        return text, await asyncio.wrap_future(self._process.submit(_say, text))

    async def ready(self) -> None:
        """Return once the voice is loaded."""
        await asyncio.wrap_future(self._ready)

    def close(self) -> None:
        """Let the process go."""
        self._process.shutdown(cancel_futures=True)


def _open_voice(config: CoquiConfig) -> None:
    import os

    from speech.coqui import CoquiSynthesizer

    os.nice(10)
    globals()["_voice"] = CoquiSynthesizer(config)


def _say(text: str) -> FloatArray:
    voice = globals()["_voice"]

    async def collect() -> list[FloatArray]:
        return [chunk.pcm async for chunk in voice.synthesize(text)]

    pcm = np.concatenate(asyncio.run(collect()))
    resampled: FloatArray = soxr.resample(pcm, SYNTHESIZER_SAMPLE_RATE, USER_SAMPLE_RATE).astype(np.float32)
    return resampled
