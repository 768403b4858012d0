"""What is done to a reply while it streams: kept short, and closed whatever happens."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from agents.language_model import ReplyPart, TextDelta
from agents.words import Ending, ending, words

# Blocks that aren't read out hold no sentences: code, also code that has not ended yet, and rows of a table.
_UNREAD = re.compile(
    r"(`{3,}).*?(?:\1|\Z)|<think>.*?(?:</think>|\Z)|^[ \t]*\|[^\n]*$", re.DOTALL | re.MULTILINE
)


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
    text = ""
    full = False
    async with closing(stream):
        async for delta in stream:
            if not isinstance(delta, TextDelta):
                yield delta
                continue
            if full:
                continue
            passed = len(text)
            text += delta.text
            end = _sentences_end(text, sentences)
            if end is None:
                yield delta
                continue
            if end > passed:
                yield replace(delta, text=text[passed:end])
            if not calls_follow:
                return
            full = True


def _sentences_end(text: str, sentences: int) -> int | None:
    """Where the first ``sentences`` sentences of ``text`` end, None if that isn't certain yet."""
    found = 0
    first = True
    text = _UNREAD.sub(lambda block: "x" * len(block.group()), text)
    for begin, end in words(text):
        rest = text[end:].lstrip()
        if not rest:
            return None
        is_end = ending(text[begin:end], rest[0], first=first) is Ending.SENTENCE
        found += is_end
        first = is_end
        if found == sentences:
            return end
    return None
