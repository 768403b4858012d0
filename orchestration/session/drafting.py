"""A reply begun at a pause, in case the user's turn is over: what the silence is used for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from orchestration.engines import EngineError
from orchestration.session.memory import Memory
from orchestration.session.reply import Reply
from orchestration.session.transcriber import TimedTranscript


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply to ``text`` that thinks and speaks, but isn't heard until it is granted the floor."""

    text: str
    reply: Reply
    work: asyncio.Task[None]


class Drafting:
    """Holds at most one draft: the answer to what was understood at the last pause."""

    def __init__(self, memory: Memory, open_reply: Callable[[], Reply]) -> None:
        self._memory = memory
        self._open_reply = open_reply
        self._preparing: asyncio.Task[None] | None = None
        self._draft: Draft | None = None

    def begin(self, transcript: Awaitable[TimedTranscript]) -> None:
        """Answer ``transcript`` as soon as it is there; an older draft is dropped."""
        self.drop()
        self._preparing = asyncio.create_task(self._prepare(transcript))

    def take(self, text: str) -> Draft | None:
        """The draft, now the caller's, if it answers ``text``; one that answers other words is dropped."""
        draft, self._draft = self._draft, None
        if draft is not None and draft.text != text:
            draft.work.cancel()
            draft = None
        self.drop()
        return draft

    def drop(self) -> None:
        """The user went on, or the words changed."""
        for task in (self._preparing, None if self._draft is None else self._draft.work):
            if task is not None:
                task.cancel()
        self._preparing = self._draft = None

    async def _prepare(self, transcript: Awaitable[TimedTranscript]) -> None:
        try:
            text = (await transcript).transcript.text
        except EngineError:
            return  # reported, and tried again, where the final transcript is asked for
        messages = self._memory.preview(text) if text else None
        if messages is None:
            return
        reply = self._open_reply()
        self._draft = Draft(text, reply, asyncio.create_task(reply.run(messages)))
