"""The same engines without Ray, all in this process: for tests, notebooks and small machines."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar

from agents.engines import create_language_model
from avatar import AnimatorConfig
from orchestration.configuration import Configuration
from orchestration.engines import Engines
from orchestration.faces.desk import FaceBatch, FaceResult, SlotDesk
from orchestration.faces.mixer import FaceMixer
from orchestration.listening import voice_activity_factory
from orchestration.readiness import make_ready
from speech.coqui import CoquiSynthesizer
from speech.whisper import WhisperRecognizer

P = ParamSpec("P")
R = TypeVar("R")


class LocalFaceBackend:
    """``FaceBackend`` on a thread of this process."""

    def __init__(self, config: AnimatorConfig, slots: int) -> None:
        self._desk = SlotDesk(config, slots)
        self._executor = ThreadPoolExecutor(1, "avatar")

    async def open(self, seed: int, history: tuple[FaceBatch, ...]) -> int | None:
        return await self._run(self._desk.open, seed, history)

    async def step(self, batch: FaceBatch) -> FaceResult:
        return await self._run(self._desk.step, batch)

    async def close(self, lease: int) -> None:
        await self._run(self._desk.close, lease)

    def shut(self) -> None:
        """Let the animator and the thread go."""
        self._executor.shutdown()
        self._desk.shut()

    async def _run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        call = functools.partial(work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)


@asynccontextmanager
async def open_engines(configuration: Configuration) -> AsyncIterator[Engines]:
    """Every engine of a configuration whose models are resolved, loaded and warm."""
    recognizer = WhisperRecognizer(configuration.recognizer)
    language_model = create_language_model(configuration.language_model)
    synthesizer = CoquiSynthesizer(configuration.synthesizer)
    serving = configuration.serving.avatar
    backend = LocalFaceBackend(configuration.animator, serving.slots)
    engines = Engines(
        recognizer=recognizer,
        language_model=language_model,
        synthesizer=synthesizer,
        faces=FaceMixer(backend, serving.deadline_ms / 1000),
        open_voice_activity=voice_activity_factory(configuration.voice_activity),
    )
    try:
        await recognizer.warm_up()
        await synthesizer.warm_up()
        yield await make_ready(engines, configuration)
    finally:
        backend.shut()
        recognizer.close()
        synthesizer.close()
        language_model.close()
