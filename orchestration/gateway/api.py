"""The gateway's HTTP and WebSocket interface, the same with and without Ray."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, WebSocket

from orchestration.gateway.browsers import SecurityHeaders
from orchestration.gateway.connection import Connection
from orchestration.gateway.host import SessionHost
from orchestration.gateway.options import options
from orchestration.gateway.page import add_page, page_folder
from orchestration.realtime.connection import RealtimeConnection

SESSION_PATH = "/v1/session"
HEALTH_PATH = "/v1/health"
OPTIONS_PATH = "/v1/options"
REALTIME_PATH = "/v1/realtime"


def health(host: SessionHost) -> dict[str, Any]:
    """What a load balancer or a curious person wants to know."""
    return {
        "status": "ok",
        "persona": host.configuration.persona.name,
        "sessions": len(host.sessions),
        "max_sessions": host.configuration.gateway.max_sessions,
        "served": host.served,
        "parked": len(host.parking),
        "counts": dict(host.counts + host.parking.counts + host.live_links.counts),
    }


def create_api(host: Callable[[], SessionHost], page: Callable[[], Path] = page_folder) -> FastAPI:
    """The interface to the sessions of ``host()`` and to the page in the folder ``page()``.

    Both are asked at every request.
    """
    api = FastAPI(title="vis-à-vis", docs_url=None, redoc_url=None)
    api.add_middleware(SecurityHeaders)

    @api.get(HEALTH_PATH)
    async def get_health() -> dict[str, Any]:
        return health(host())

    @api.get(OPTIONS_PATH)
    async def get_options() -> dict[str, Any]:
        return options(host().configuration)

    @api.websocket(SESSION_PATH)
    async def open_session(websocket: WebSocket) -> None:
        await Connection(websocket, host()).run()

    @api.websocket(REALTIME_PATH)
    async def open_realtime(websocket: WebSocket) -> None:
        await RealtimeConnection(websocket, host()).run()

    add_page(api, host, page)  # last, since it takes every path that is left
    return api
