"""Voice activity for sessions: the model is quick, but in real time it still runs off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from orchestration.engines import VoiceActivity
from orchestration.media import FloatArray
from speech.voice_activity import SileroVoiceActivity, VoiceActivityConfig


class ThreadedVoiceActivity:
    """``VoiceActivity`` of one user on a thread shared by all sessions of the process."""

    def __init__(self, config: VoiceActivityConfig, executor: ThreadPoolExecutor) -> None:
        self._detector = SileroVoiceActivity(config)
        self._executor = executor

    async def step(self, pcm: FloatArray) -> float:
        """Probability 0..1 that this frame holds speech."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._detector.step, pcm)


class InlineVoiceActivity:
    """``VoiceActivity`` of one user without a thread, for virtual time, which waits for none."""

    def __init__(self, config: VoiceActivityConfig | None = None) -> None:
        self._detector = SileroVoiceActivity(config)

    async def step(self, pcm: FloatArray) -> float:
        """Probability 0..1 that this frame (640,) holds speech."""
        return self._detector.step(pcm)


def voice_activity_factory(config: VoiceActivityConfig) -> Callable[[], VoiceActivity]:
    """Opens one detector a session."""
    executor = ThreadPoolExecutor(1, "voice-activity")
    return lambda: ThreadedVoiceActivity(config, executor)
