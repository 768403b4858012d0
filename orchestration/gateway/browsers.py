"""What browsers are told to allow the page, and which pages may connect."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; connect-src 'self' ws: wss:; worker-src 'self' blob:; "
    "img-src 'self' blob: data:; media-src 'self' blob:; style-src 'self'; frame-ancestors 'self'",
    "Permissions-Policy": "microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class SecurityHeaders:
    """Middleware that adds ``SECURITY_HEADERS`` to every HTTP answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def may_connect(headers: Headers, allowed: Collection[str]) -> bool:
    """Whether a WebSocket may be opened: by no page (there is no Origin), by our own, or by an allowed one.

    A page is our own if it came from the host that it connects to. Only host and port are compared, since a
    proxy that ends TLS changes the scheme.
    """
    origin = headers.get("origin")
    if origin is None or origin in allowed or "*" in allowed:
        return True
    try:
        theirs = urlsplit(origin)
        ours = urlsplit(f"{theirs.scheme}://{headers.get('host', '')}")
        default = _DEFAULT_PORTS.get(theirs.scheme)
        same_port = (theirs.port or default) == (ours.port or default)
    except ValueError:  # a port that is no number
        return False
    return bool(theirs.hostname) and theirs.hostname == ours.hostname and same_port
