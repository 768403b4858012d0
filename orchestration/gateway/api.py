"""The gateway's HTTP and WebSocket interface, the same with and without Ray."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, WebSocket

from orchestration.gateway.connection import Connection
from orchestration.gateway.host import SessionHost

SESSION_PATH = "/v1/session"
HEALTH_PATH = "/v1/health"


def health(host: SessionHost) -> dict[str, Any]:
    """What a load balancer or a curious person wants to know."""
    return {
        "status": "ok",
        "persona": host.configuration.persona.name,
        "sessions": len(host.sessions),
        "max_sessions": host.configuration.gateway.max_sessions,
        "served": host.served,
    }


def create_api(host: Callable[[], SessionHost]) -> FastAPI:
    """The interface to the sessions of ``host()``, which is asked at every request."""
    api = FastAPI(title="vis-à-vis", docs_url=None, redoc_url=None)

    @api.get(HEALTH_PATH)
    async def get_health() -> dict[str, Any]:
        return health(host())

    @api.websocket(SESSION_PATH)
    async def open_session(websocket: WebSocket) -> None:
        await Connection(websocket, host()).run()

    return api
