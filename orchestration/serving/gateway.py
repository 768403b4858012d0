"""The gateway as a Ray Serve deployment: owns sessions and their metronomes, reaches engines by handles."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, WebSocket
from ray import serve

from orchestration.clock import LoopClock
from orchestration.configuration import Configuration
from orchestration.engines import Engines
from orchestration.faces.mixer import FaceMixer
from orchestration.gateway.api import HEALTH_PATH, SESSION_PATH, health
from orchestration.gateway.connection import Connection
from orchestration.gateway.host import SessionHost
from orchestration.listening import voice_activity_factory
from orchestration.readiness import make_ready
from orchestration.serving.remote import (
    RemoteFaceBackend,
    RemoteLanguageModel,
    RemoteRecognizer,
    RemoteSynthesizer,
)

log = logging.getLogger(__name__)
api = FastAPI(title="vis-à-vis", docs_url=None, redoc_url=None)


@serve.deployment(name="Gateway")
@serve.ingress(api)
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
        self._host = SessionHost(configuration, await make_ready(engines, configuration), LoopClock())

    @api.get(HEALTH_PATH)
    async def get_health(self) -> dict[str, Any]:
        """What a load balancer or a curious person wants to know."""
        return health(self._host)

    @api.websocket(SESSION_PATH)
    async def open_session(self, websocket: WebSocket) -> None:
        """One conversation."""
        await Connection(websocket, self._host).run()
