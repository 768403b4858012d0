"""A folder of notes that can be asked: read and embedded once, searched at every turn."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from agents.embedder import Embedder, EmbedderError, FloatArray
from agents.notes.chunking import passages, sentences
from agents.notes.index import IntArray, Passage, VectorCache, cache_folder, nearest
from agents.notes.reading import Reading, read_folder

log = logging.getLogger(__name__)

MAX_SENTENCES = 50_000  # of a folder, 77 MB of vectors
FEW_SENTENCES = 2_000  # that are looked through in well under a millisecond
REMEMBERED = 32  # questions whose passages are kept: a draft and its reply ask the same


class NotesConfig(BaseModel):
    """Which notes the agent may look things up in, and how much of them it is shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="Folder of .md and .txt files, with its subfolders.")
    top_k: int = Field(default=2, ge=1, le=20, description="Passages that a turn is given at most.")
    min_similarity: float = Field(
        default=0.25,
        ge=-1,
        le=1,
        description="Passages less like what the user said are left out, cosine -1 to 1.",
    )
    timeout_s: float = Field(
        default=0.3, gt=0, le=10, description="Longest wait for the notes before a reply, seconds."
    )


class Notes:
    """Finds what a folder of notes says about a question; ``open`` it before it is asked.

    ``counts`` tells how often it was asked, found something, was too late or failed; ``reading`` what the
    folder held.
    """

    def __init__(
        self, config: NotesConfig, embedder: Embedder, model: str, cache: Path | None = None
    ) -> None:
        self.config = config
        self.counts: Counter[str] = Counter()
        self.reading = Reading()
        self._embedder = embedder
        self._cache = VectorCache(cache or cache_folder(), model)
        self._passages: list[Passage] = []
        self._owners: IntArray = np.zeros(0, np.intp)  # the passage of each sentence
        self._vectors: FloatArray = np.zeros((0, 0), np.float32)  # one a sentence
        self._known: OrderedDict[str, tuple[Passage, ...]] = OrderedDict()

    async def open(self) -> int:
        """Read and embed the folder; returns the number of passages.

        Files that are no notes are skipped (``reading.skipped`` says why). Raises ``NotesError`` when there
        is no folder, ``EmbedderError`` when it can't be embedded.
        """
        self.reading = await asyncio.to_thread(read_folder, self.config.folder)
        found: list[Passage] = []
        owners: list[int] = []
        blocks: list[FloatArray] = []
        for note in self.reading.notes:
            texts = await asyncio.to_thread(_cut, note.text)
            rows = [sentence for _, parts in texts for sentence in parts]
            if len(owners) + len(rows) > MAX_SENTENCES:
                log.warning("note %s is left out: more than %d sentences", note.name, MAX_SENTENCES)
                self.counts["left_out"] += 1
                continue
            if rows:
                owners += [len(found) + n for n, (_, parts) in enumerate(texts) for _ in parts]
                found += [Passage(note.name, text) for text, _ in texts]
                blocks.append(await self._vectors_of(rows))
        self._passages = found
        self._owners = np.array(owners, np.intp)
        self._vectors = np.concatenate(blocks) if blocks else np.zeros((0, 0), np.float32)
        self._known.clear()
        await asyncio.to_thread(self._cache.prune)
        log.info(
            "%d passages from %d notes in %s; left out: %s",
            len(found),
            len(self.reading.notes),
            self.config.folder,
            dict(self.reading.counts()) or "nothing",
        )
        return len(found)

    async def find(self, question: str) -> tuple[Passage, ...]:
        """The passages most like ``question``, best first; none where nothing is like it.

        Waits at most ``timeout_s``: late or failed, it is counted and logged, and there are none.
        """
        if question in self._known:
            self._known.move_to_end(question)
            return self._known[question]
        if not self._passages or not question.strip():
            return ()
        self.counts["asked"] += 1
        try:
            async with asyncio.timeout(self.config.timeout_s):
                query = (await self._embedder.embed([question]))[0]
                found = await self._nearest(query)
        except TimeoutError:
            self.counts["late"] += 1
            log.warning("notes: nothing found within %g s; answering without", self.config.timeout_s)
            return ()
        except EmbedderError as error:
            self.counts["failed"] += 1
            log.warning("notes: %s; answering without", error)
            return ()
        self.counts["found"] += bool(found)
        self._known[question] = found
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found

    async def _nearest(self, query: FloatArray) -> tuple[Passage, ...]:
        search = partial(
            nearest,
            self._passages,
            self._owners,
            self._vectors,
            query,
            self.config.top_k,
            self.config.min_similarity,
        )
        # A thread takes longer than looking through a few sentences.
        return search() if len(self._owners) <= FEW_SENTENCES else await asyncio.to_thread(search)

    async def _vectors_of(self, texts: list[str]) -> FloatArray:
        key = self._cache.key(texts)
        kept = await asyncio.to_thread(self._cache.load, key, len(texts))
        if kept is not None:
            self.counts["kept"] += 1
            return kept
        vectors = await self._embedder.embed(texts)
        await asyncio.to_thread(self._cache.store, key, vectors)
        self.counts["embedded"] += 1
        return vectors


def _cut(text: str) -> list[tuple[str, list[str]]]:
    return [(passage, list(sentences(passage))) for passage in passages(text)]
