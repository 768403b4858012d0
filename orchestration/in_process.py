"""The same engines without Ray, all in this process: for tests, notebooks and small machines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from agents.engines import create_language_model
from agents.minilm import MiniLM
from orchestration.clock import LoopClock
from orchestration.configuration import Configuration
from orchestration.engines import Engines
from orchestration.faces.local import LocalFaceBackend
from orchestration.faces.mixer import FaceMixer
from orchestration.fallback.building import (
    engine_configs,
    one_language_model,
    one_recognizer,
    one_synthesizer,
)
from orchestration.judging import turn_judge_factory
from orchestration.listening import voice_activity_factory
from orchestration.readiness import make_ready
from orchestration.voices import open_voices
from speech.coqui import CoquiSynthesizer
from speech.whisper import WhisperRecognizer


class Closes(Protocol):
    """An engine that holds threads, memory or connections."""

    def close(self) -> None: ...


@asynccontextmanager
async def open_engines(configuration: Configuration) -> AsyncIterator[Engines]:
    """Every engine of a configuration whose models are resolved, loaded and warm."""
    recognizers = [WhisperRecognizer(config) for config in engine_configs(configuration.recognizer)]
    language_models = [create_language_model(c) for c in engine_configs(configuration.language_model)]
    synthesizers = [CoquiSynthesizer(config) for config in engine_configs(configuration.synthesizer)]
    now = LoopClock().now
    embedder = None if configuration.embedder is None else MiniLM(configuration.embedder)
    serving = configuration.serving.avatar
    backend = LocalFaceBackend(configuration.animator, serving.slots)
    voices = open_voices(configuration)
    engines = Engines(
        recognizer=one_recognizer(configuration, recognizers, now),
        language_model=one_language_model(configuration, language_models, now),
        synthesizer=one_synthesizer(configuration, synthesizers, now),
        faces=FaceMixer(backend, serving.deadline_ms / 1000),
        open_voice_activity=voice_activity_factory(configuration.voice_activity),
        open_turn_judge=turn_judge_factory(configuration, language_models[0]),
        voices=voices,
    )
    try:
        for recognizer in recognizers:
            await recognizer.warm_up()
        for synthesizer in synthesizers:
            await synthesizer.warm_up()
        if voices is not None:
            await voices.warm_up()
        yield await make_ready(engines, configuration, embedder)
    finally:
        backend.shut()
        opened: list[Closes] = [
            *recognizers,
            *synthesizers,
            *language_models,
            *([embedder] if embedder else []),
        ]
        for engine in opened:
            engine.close()
