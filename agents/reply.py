"""What is done to a reply while it streams: kept short, and closed whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from agents.language_model import ReplyPart, TextDelta
from agents.sentences import SentenceCounter


@asynccontextmanager
async def closing(stream: AsyncIterator[ReplyPart]) -> AsyncIterator[AsyncIterator[ReplyPart]]:
    """Stop a reply's generation when its reader leaves, for any reason."""
    try:
        yield stream
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()


async def limit_sentences(
    stream: AsyncIterator[ReplyPart], sentences: int, *, calls_follow: bool = False
) -> AsyncIterator[ReplyPart]:
    """Pass on a reply's first ``sentences`` sentences and stop its generation there.

    Small models answer in their first sentence and invent in the following ones. White space after the last
    sentence may pass, since only what follows makes its end certain. Where ``calls_follow`` the rest of the
    text is dropped, but not the calls of tools after it.
    """
    counter = SentenceCounter(sentences)
    passed = 0  # characters
    full = False
    async with closing(stream):
        async for delta in stream:
            if not isinstance(delta, TextDelta):
                yield delta
                continue
            if full:
                continue
            end = counter.feed(delta.text)
            if end is None:
                passed += len(delta.text)
                yield delta
                continue
            if end > passed:
                yield replace(delta, text=delta.text[: end - passed])
            if not calls_follow:
                return
            full = True
