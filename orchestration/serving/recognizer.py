"""Speech to text as a Ray Serve deployment."""

from __future__ import annotations

from ray import serve

from orchestration.configuration.serving import DeploymentConfig
from orchestration.media import FloatArray
from orchestration.serving.limits import step_back
from speech.recognizer import Transcript
from speech.whisper.config import WhisperConfig


@serve.deployment(name="Recognizer")
class RecognizerDeployment:
    """A :class:`~speech.whisper.recognizer.WhisperRecognizer` in a process of its own."""

    async def __init__(self, config: WhisperConfig, limits: DeploymentConfig):  # type: ignore[misc]  # awaited by Ray Serve
        # imported here, so that the process that binds the application doesn't load torch
        from speech.whisper import WhisperRecognizer

        step_back(limits)
        self._recognizer = WhisperRecognizer(config)
        await self._recognizer.warm_up()

    async def transcribe(self, pcm: FloatArray, words: bool) -> Transcript:
        """See :class:`~speech.recognizer.Recognizer`."""
        return await self._recognizer.transcribe(pcm, words=words)

    async def transcribe_in(self, language: str, pcm: FloatArray, words: bool) -> Transcript:
        """See :class:`~speech.recognizer.HearsLanguages`."""
        return await self._recognizer.transcribe_in(language, pcm, words=words)
