"""The page: the files that `make page` built, and the heads that it draws."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from avatar.head import HeadMissing
from orchestration.gateway.files import respond
from orchestration.gateway.heads import HEADS_PATH

if TYPE_CHECKING:
    from orchestration.gateway.host import SessionHost

ASSETS: Final = "assets/"  # the build puts a hash of the contents into the names of what lies there
FOR_GOOD: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
FOR_A_WHILE: Final = "public, max-age=3600"
NOT_BUILT: Final = "The page isn't built on this server. Run `make page` there, then load this again.\n"
_PACKAGE: Final = Path(__file__).resolve().parents[1]


def page_folder() -> Path:
    """Where the built page lies: inside this package in a wheel, else in the checkout's ``web/dist``."""
    packaged = _PACKAGE / "page"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "web" / "dist"


def add_page(api: FastAPI, host: Callable[[], SessionHost], folder: Callable[[], Path]) -> None:
    """Serve the page in ``folder()`` at ``/`` and the heads of ``host()`` at ``/heads``; add it last."""

    @api.api_route(f"{HEADS_PATH}/{{name}}.glb", methods=["GET", "HEAD"], include_in_schema=False)
    async def get_head(request: Request, name: str) -> Response:
        heads = host().heads
        if name not in heads.names:
            known = ", ".join(heads.names) or "none"
            return PlainTextResponse(f"No head is called {name!r}; heads: {known}\n", 404)
        try:
            return respond(request, await host().files.get(await heads.path(name)), FOR_A_WHILE)
        except (HeadMissing, OSError) as error:
            return PlainTextResponse(f"{error}\n", 503)

    @api.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def get_page(request: Request, path: str) -> Response:
        try:
            file = await asyncio.to_thread(_within, folder(), path or "index.html")
            found = await host().files.get(file)
        except (OSError, ValueError):  # ValueError: no name for a file in that folder
            return PlainTextResponse(NOT_BUILT, 503) if not path else _missing(path)
        return respond(request, found, FOR_GOOD if path.startswith(ASSETS) else ASK_AGAIN)


def _within(folder: Path, name: str) -> Path:
    """The file ``name`` of ``folder``; raises ``ValueError`` for one that lies elsewhere."""
    root = folder.resolve()
    file = (root / name).resolve()
    if not file.is_relative_to(root):
        raise ValueError(f"{name!r} isn't in {root}")
    return file


def _missing(path: str) -> Response:
    return PlainTextResponse(f"There is no {'/' + path!r} here.\n", 404)
