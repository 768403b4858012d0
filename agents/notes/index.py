"""The vectors of all passages of a folder, kept on disk by what the notes say."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.embedder import FloatArray

log = logging.getLogger(__name__)

IntArray = NDArray[np.intp]

LAYOUT = 1  # raise it when notes are cut or embedded in another way
MAX_CACHED = 8_192  # notes whose vectors are kept; those not used for longest go


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a note; ``similarity`` to what was asked, -1..1, and the ``source`` it is from."""

    source: str
    text: str
    similarity: float = 0.0


class VectorCache:
    """Vectors by content, one small file a note, below ``folder``; damage costs time only."""

    def __init__(self, folder: Path, model: str) -> None:
        self._folder = folder
        self._model = model  # two models never share vectors

    def key(self, texts: Sequence[str]) -> str:
        """Hex SHA-256 of what is embedded, the model and the layout."""
        digest = hashlib.sha256(f"{LAYOUT}\0{self._model}\0".encode())
        for text in texts:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
        return digest.hexdigest()

    def load(self, key: str, rows: int) -> FloatArray | None:
        """The vectors kept under ``key``, float32 (rows, width); None if there are none that fit."""
        path = self._folder / f"{key}.npy"
        try:
            vectors = np.load(path, allow_pickle=False)
            path.touch()
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError) as error:
            log.warning("kept vectors %s can't be used and are made anew: %s", path, error)
            return None
        fits = vectors.ndim == 2 and len(vectors) == rows and bool(np.isfinite(vectors).all())
        return vectors.astype(np.float32) if fits else None

    def store(self, key: str, vectors: FloatArray) -> None:
        """Keep ``vectors``; a disk that is full or read-only is logged, and they are made again next time."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as file:
                np.save(file, vectors, allow_pickle=False)
            Path(file.name).replace(self._folder / f"{key}.npy")
        except OSError as error:
            log.warning("vectors of notes can't be kept in %s: %s", self._folder, error)

    def prune(self, most: int = MAX_CACHED) -> None:
        """Delete those that were not used for longest, beyond ``most``."""
        try:
            kept = sorted(self._folder.glob("*.npy"), key=lambda path: path.stat().st_mtime, reverse=True)
            for path in kept[most:]:
                path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("old vectors of notes can't be deleted from %s: %s", self._folder, error)


def cache_folder() -> Path:
    """Where vectors are kept by default: ``$XDG_CACHE_HOME/visavis/notes``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "visavis" / "notes"


def nearest(
    passages: Sequence[Passage],
    owners: IntArray,
    vectors: FloatArray,
    query: FloatArray,
    top_k: int,
    min_similarity: float,
) -> tuple[Passage, ...]:
    """The ``top_k`` passages most like ``query`` (width,), best first, none below ``min_similarity``.

    ``vectors`` (rows, width) are of sentences, ``owners`` (rows,) says whose: a passage is as like the query
    as the sentence that is most like it, for the others around it would only blur what it says.
    """
    if not len(passages):
        return ()
    similarity = np.full(len(passages), -1.0, np.float32)
    np.maximum.at(similarity, owners, vectors @ query)
    best = np.argsort(-similarity, kind="stable")[:top_k]
    return tuple(
        Passage(passages[row].source, passages[row].text, float(similarity[row]))
        for row in best
        if similarity[row] >= min_similarity
    )
