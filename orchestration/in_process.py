"""The same engines without Ray, all in this process: for tests, notebooks and small machines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agents.engines import create_language_model
from orchestration.configuration import Configuration
from orchestration.engines import Engines
from orchestration.faces.local import LocalFaceBackend
from orchestration.faces.mixer import FaceMixer
from orchestration.listening import voice_activity_factory
from orchestration.readiness import make_ready
from speech.coqui import CoquiSynthesizer
from speech.whisper import WhisperRecognizer


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
