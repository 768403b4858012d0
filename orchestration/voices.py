"""From the configuration to what tells voices apart: a quick model that still runs off the event loop."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np

from orchestration.configuration import Configuration
from orchestration.engines import EngineError
from orchestration.judging import step_back
from orchestration.media import FloatArray
from speech.speaker.checkpoint import expect_file
from speech.speaker.conditions import CONDITIONS, under_conditions
from speech.speaker.encoder import SpeakerConfig, SpeakerEncoder
from speech.speaker.errors import SpeakerError

log = logging.getLogger(__name__)

HEARS_IN = 0.02  # seconds that the model takes on an idle machine
SEED = 1  # of the noises and the room in which a voice is imagined


class ThreadedVoices:
    """Tells voices apart on one thread shared by all sessions of the process.

    Raises ``SpeakerError`` when the model is missing.
    """

    def __init__(self, config: SpeakerConfig) -> None:
        expect_file(Path(config.model))
        self._config = config
        self._executor = ThreadPoolExecutor(1, "voices", initializer=step_back)

    async def warm_up(self) -> None:
        """Load the model, which takes seconds; raises ``SpeakerError`` where it is none."""
        await asyncio.get_running_loop().run_in_executor(self._executor, lambda: self._encoder)

    @cached_property
    def _encoder(self) -> SpeakerEncoder:
        return SpeakerEncoder(self._config)

    async def hear(self, pcm: FloatArray) -> FloatArray:
        """See :class:`~orchestration.session.voice_identity.HearsVoices`."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self.hear_now, pcm)

    async def learn(self, pcm: FloatArray) -> FloatArray:
        """See :class:`~orchestration.session.voice_identity.HearsVoices`."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self.learn_now, pcm)

    def hear_now(self, pcm: FloatArray) -> FloatArray:
        """What ``hear`` gives, worked out in the caller's own thread."""
        try:
            return self._encoder.embed(pcm)
        except (SpeakerError, RuntimeError) as error:
            raise EngineError(f"the speaker encoder: {error}") from error

    def learn_now(self, pcm: FloatArray) -> FloatArray:
        """What ``learn`` gives, worked out in the caller's own thread."""
        rng = np.random.default_rng(SEED)
        return np.stack([self.hear_now(heard) for heard in under_conditions(pcm, rng)])


class InlineVoices:
    """The same, awaited without a thread, since virtual time waits for none; it passes all the same."""

    def __init__(self, voices: ThreadedVoices) -> None:
        self._voices = voices

    async def hear(self, pcm: FloatArray) -> FloatArray:
        """See :class:`~orchestration.session.voice_identity.HearsVoices`."""
        await asyncio.sleep(HEARS_IN)
        return self._voices.hear_now(pcm)

    async def learn(self, pcm: FloatArray) -> FloatArray:
        """See :class:`~orchestration.session.voice_identity.HearsVoices`."""
        await asyncio.sleep(CONDITIONS * HEARS_IN)
        return self._voices.learn_now(pcm)


def open_voices(configuration: Configuration) -> ThreadedVoices | None:
    """What tells the user's voice from others for all sessions; None: nothing does, and the log says so.

    Raises ``SpeakerError`` when the model is missing.
    """
    if not configuration.turn_taking.identity.enabled:
        return None
    if configuration.speaker is None:
        log.info("voices aren't told apart: the configuration has no `speaker` section")
        return None
    return ThreadedVoices(configuration.speaker)
