"""Files over HTTP that never hold the metronome up: read and compressed in a thread, then kept in memory."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPES: Final = {  # fixed, since what `mimetypes` says depends on the machine
    ".css": "text/css; charset=utf-8",
    ".glb": "model/gltf-binary",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
UNKNOWN_TYPE: Final = "application/octet-stream"
GZIP_PAYS: Final = 0.9  # of the plain size; what compresses less is sent as it is
GZIP_LEVEL: Final = 6
SHELF_FILES: Final = 64
SHELF_BYTES: Final = 128 * 2**20  # with the compressed copies


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file as it goes out: ``body``, a gzipped copy where that pays, and what identifies the contents."""

    body: bytes
    gzipped: bytes | None
    etag: str
    media_type: str

    @property
    def size(self) -> int:
        """Bytes that it takes in memory."""
        return len(self.body) + len(self.gzipped or b"")


class FileShelf:
    """Keeps the files that were asked for last in memory; a file that changed on disk is read again."""

    def __init__(self) -> None:
        self._files: OrderedDict[tuple[Path, int, int], ServedFile] = OrderedDict()
        self._reading = asyncio.Lock()

    async def get(self, path: Path) -> ServedFile:
        """The file at ``path``; raises ``OSError`` when there is none."""
        stat = await asyncio.to_thread(path.stat)
        key = (path, stat.st_mtime_ns, stat.st_size)
        async with self._reading:
            if key not in self._files:
                self._files[key] = await asyncio.to_thread(_read, path)
                self._forget()
            self._files.move_to_end(key)
            return self._files[key]

    def _forget(self) -> None:
        size = sum(file.size for file in self._files.values())
        while len(self._files) > 1 and (len(self._files) > SHELF_FILES or size > SHELF_BYTES):
            size -= self._files.popitem(last=False)[1].size


def respond(request: Request, file: ServedFile, cache_control: str) -> Response:
    """The answer with ``file``: 304 if the client has it, gzipped if the client can and it pays."""
    headers = {"ETag": file.etag, "Cache-Control": cache_control, "Vary": "Accept-Encoding"}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if file.etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    body = file.body
    if file.gzipped is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
        body = file.gzipped
        headers["Content-Encoding"] = "gzip"
        headers["ETag"] = f"W/{file.etag}"  # other bytes, the same contents
    headers["Content-Type"] = file.media_type
    return Response(body, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        coding, _, quality = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _read(path: Path) -> ServedFile:
    body = path.read_bytes()
    gzipped = gzip.compress(body, GZIP_LEVEL, mtime=0)
    return ServedFile(
        body=body,
        gzipped=gzipped if len(gzipped) < GZIP_PAYS * len(body) else None,
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        media_type=MEDIA_TYPES.get(path.suffix.lower(), UNKNOWN_TYPE),
    )
