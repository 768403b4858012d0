"""Text to speech as a Ray Serve deployment."""

from __future__ import annotations

from collections.abc import AsyncIterator

from ray import serve

from orchestration.configuration.serving import DeploymentConfig
from orchestration.serving.limits import step_back
from speech.coqui.config import CoquiConfig
from speech.manner import Manner
from speech.synthesizer import SpeechChunk


@serve.deployment(name="Synthesizer")
class SynthesizerDeployment:
    """A :class:`~speech.coqui.CoquiSynthesizer` in a process of its own."""

    async def __init__(self, config: CoquiConfig, limits: DeploymentConfig):  # type: ignore[misc]  # awaited by Ray Serve
        # imported here, so that the process that binds the application doesn't load torch
        from speech.coqui import CoquiSynthesizer

        step_back(limits)
        self._synthesizer = CoquiSynthesizer(config)
        await self._synthesizer.warm_up()

    async def synthesize_in(self, manner: Manner, text: str, voice: str | None) -> AsyncIterator[SpeechChunk]:
        """See :class:`~speech.synthesizer.SpeaksInManners`."""
        async for chunk in self._synthesizer.synthesize_in(manner, text, voice):
            yield chunk
