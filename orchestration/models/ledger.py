"""SHA-256 of model files, remembered so that a start need not read hundreds of megabytes again."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

BLOCK = 1 << 20  # bytes read at a time


def cache_folder() -> Path:
    """Where joined and downloaded models are kept: ``$XDG_CACHE_HOME/visavis/models``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "visavis" / "models"


def sha256_of(path: Path, advance: Callable[[int], None] | None = None) -> str:
    """Hex SHA-256 of a file; ``advance`` is told of every block's length in bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            if advance is not None:
                advance(len(block))
    return digest.hexdigest()


class Ledger:
    """Hashes by path, believed as long as the file's size and modification time stay the same.

    A file that is changed and given its old size and time back is only found by a full verification.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or cache_folder().parent / "verified.json"
        self._known = self._read()

    def sha256(self, path: Path, *, full: bool = False, advance: Callable[[int], None] | None = None) -> str:
        """Hex SHA-256 of ``path``, from memory unless the file is new or changed, or ``full`` is asked."""
        status = path.stat()
        stamp = [status.st_size, status.st_mtime_ns]
        known = self._known.get(str(path))
        if known is not None and known[:2] == stamp and not full:
            if advance is not None:
                advance(status.st_size)
            return str(known[2])
        digest = sha256_of(path, advance)
        self._known[str(path)] = [*stamp, digest]
        self._write()
        return digest

    def _read(self) -> dict[str, list[int | str]]:
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # absent or damaged: everything is hashed again, nothing is lost
            return {}
        if not isinstance(known, dict):
            return {}
        return {path: entry for path, entry in known.items() if isinstance(entry, list) and len(entry) == 3}

    def _write(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", dir=self._path.parent, delete=False, encoding="utf-8"
            ) as file:
                json.dump(self._known, file)
            Path(file.name).replace(self._path)
        except OSError:  # a read-only home: hashing again at the next start is slow, not wrong
            return
