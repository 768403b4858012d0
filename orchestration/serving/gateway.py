"""The gateway as a Ray Serve deployment: owns sessions and their metronomes, reaches engines by handles."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from ray import serve

from orchestration.clock import LoopClock
from orchestration.configuration import Configuration
from orchestration.engines import Engines
from orchestration.faces.mixer import FaceMixer
from orchestration.fallback.building import one_language_model, one_recognizer, one_synthesizer
from orchestration.gateway.api import create_api
from orchestration.gateway.host import SessionHost
from orchestration.judging import turn_judge_factory
from orchestration.listening import voice_activity_factory
from orchestration.readiness import make_ready
from orchestration.serving.embedder import RemoteEmbedder
from orchestration.serving.remote import (
    RemoteFaceBackend,
    RemoteLanguageModel,
    RemoteRecognizer,
    RemoteSynthesizer,
)
from orchestration.voices import open_voices


def _host() -> SessionHost:
    """The session host of the replica that this request came to."""
    gateway: Any = serve.get_replica_context().servable_object
    host: SessionHost = gateway.host
    return host


@serve.deployment(name="Gateway")
@serve.ingress(create_api(_host))
class GatewayDeployment:
    """HTTP and WebSocket ingress; everything it does is in :mod:`orchestration.gateway`."""

    async def __init__(  # type: ignore[misc]  # awaited by Ray Serve
        self,
        configuration: Configuration,
        recognizer: Any,
        language_model: Any,
        synthesizer: Any,
        avatar: Any,
        embedder: Any = None,
        fallbacks: Mapping[str, Sequence[Any]] = {},  # by the role that they stand in for, best first
    ):
        serving = configuration.serving.avatar
        clock = LoopClock()
        recognizers = [RemoteRecognizer(one) for one in (recognizer, *fallbacks.get("recognizer", ()))]
        models = [RemoteLanguageModel(one) for one in (language_model, *fallbacks.get("language_model", ()))]
        synthesizers = [RemoteSynthesizer(one) for one in (synthesizer, *fallbacks.get("synthesizer", ()))]
        found = None if embedder is None else RemoteEmbedder(embedder)
        voices = open_voices(configuration)
        if voices is not None:
            await voices.warm_up()
        engines = Engines(
            recognizer=one_recognizer(configuration, recognizers, clock.now),
            language_model=one_language_model(configuration, models, clock.now),
            synthesizer=one_synthesizer(configuration, synthesizers, clock.now),
            faces=FaceMixer(RemoteFaceBackend(avatar, serving.timeout_s), serving.deadline_ms / 1000),
            open_voice_activity=voice_activity_factory(configuration.voice_activity),
            open_turn_judge=turn_judge_factory(configuration, models[0]),
            voices=voices,
        )
        self.host = SessionHost(configuration, await make_ready(engines, configuration, found), clock)
        self._preparing = asyncio.create_task(self.host.prepare())  # kept, or it might be collected
