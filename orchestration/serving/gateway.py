"""The gateway as a Ray Serve deployment: owns sessions and their metronomes, reaches engines by handles."""

from __future__ import annotations

import asyncio
from typing import Any

from ray import serve

from orchestration.clock import LoopClock
from orchestration.configuration import Configuration
from orchestration.engines import Engines
from orchestration.faces.mixer import FaceMixer
from orchestration.gateway.api import create_api
from orchestration.gateway.host import SessionHost
from orchestration.listening import voice_activity_factory
from orchestration.readiness import make_ready
from orchestration.serving.remote import (
    RemoteFaceBackend,
    RemoteLanguageModel,
    RemoteRecognizer,
    RemoteSynthesizer,
)


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
    ):
        serving = configuration.serving.avatar
        engines = Engines(
            recognizer=RemoteRecognizer(recognizer),
            language_model=RemoteLanguageModel(language_model),
            synthesizer=RemoteSynthesizer(synthesizer),
            faces=FaceMixer(RemoteFaceBackend(avatar, serving.timeout_s), serving.deadline_ms / 1000),
            open_voice_activity=voice_activity_factory(configuration.voice_activity),
        )
        self.host = SessionHost(configuration, await make_ready(engines, configuration), LoopClock())
        self._preparing = asyncio.create_task(self.host.prepare())  # kept, or it might be collected
