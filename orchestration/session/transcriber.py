"""Transcripts of a turn: partial while the user speaks, speculative at a pause, final at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from orchestration.engines import EngineError
from orchestration.media import FloatArray
from speech.recognizer import Recognizer, Transcript

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TimedTranscript:
    """A transcript with the session times (seconds) at which its recognition started and ended."""

    transcript: Transcript
    started: float
    ended: float


class Transcriber:
    """Runs at most one recognition at a time for a session; a newer one replaces a stale one."""

    def __init__(
        self,
        recognizer: Recognizer,
        now: Callable[[], float],
        *,
        timeout: float,
        retries: int,
        partial_every: float,
        on_partial: Callable[[str], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self._recognizer = recognizer
        self._now = now
        self._timeout = timeout
        self._retries = retries
        self._partial_every = partial_every
        self._on_partial = on_partial
        self._on_failure = on_failure
        self._partial: asyncio.Task[None] | None = None
        self._speculation: asyncio.Task[TimedTranscript] | None = None
        self._next_partial = 0.0  # seconds of speech after which the next partial is due
        self._stale: set[asyncio.Task[None] | asyncio.Task[TimedTranscript]] = set()

    def start_turn(self) -> None:
        """A turn begins."""
        self._next_partial = self._partial_every

    def speech_goes_on(self, seconds: float, pcm: Callable[[], FloatArray]) -> None:
        """The turn is ``seconds`` long; start a partial transcript of ``pcm()`` if one is due."""
        if seconds < self._next_partial or self._partial is not None:
            return
        self._next_partial = seconds + self._partial_every
        self._partial = asyncio.create_task(self._transcribe_partial(pcm()))

    def speculate(self, pcm: FloatArray) -> Awaitable[TimedTranscript]:
        """The user paused: transcribe the whole turn now, in case it is over.

        What is returned raises ``EngineError`` when that fails; giving up on it leaves the work going on.
        """
        self.discard()
        self._speculation = asyncio.create_task(self._timed(pcm))
        return _shared(self._speculation)

    def speculation(self) -> Awaitable[TimedTranscript]:
        """What ``speculate`` began, for one more who waits for it and may give up alone."""
        assert self._speculation is not None, "nothing is speculated; call speculate first"
        return _shared(self._speculation)

    async def glance(self, pcm: FloatArray) -> TimedTranscript:
        """The words of a piece, asked for once and beside the turn's own; raises ``EngineError``."""
        return await self._timed(pcm)

    def discard(self) -> None:
        """The user went on, or the session ends: what is being transcribed is stale."""
        for task in (self._partial, self._speculation):
            if task is not None and not task.done():
                task.cancel()
                self._stale.add(task)
                task.add_done_callback(self._stale.discard)
        self._partial = self._speculation = None

    async def final(self, pcm: FloatArray) -> TimedTranscript:
        """The transcript of the finished turn; raises ``EngineError`` when every try failed.

        Uses the speculation started at the pause, which heard all of the speech.
        """
        speculation, self._speculation = self._speculation, None
        if self._partial is not None:
            self.discard()
        error: EngineError | None = None
        for attempt in range(self._retries + 1):
            task = speculation if speculation is not None else asyncio.create_task(self._timed(pcm))
            speculation = None
            try:
                return await task
            except EngineError as failure:
                error = failure
                self._on_failure(f"recognizer, try {attempt + 1}: {failure}")
            except asyncio.CancelledError:
                task.cancel()
                raise
        raise error or EngineError("the recognizer was never tried")

    async def _timed(self, pcm: FloatArray) -> TimedTranscript:
        started = self._now()
        try:
            async with asyncio.timeout(self._timeout):
                transcript = await self._recognizer.transcribe(pcm, words=False)
        except TimeoutError as error:
            raise EngineError(f"the recognizer took more than {self._timeout} s") from error
        except (RuntimeError, ValueError, OSError) as error:
            raise EngineError(f"the recognizer failed: {error}") from error
        return TimedTranscript(transcript, started, self._now())

    async def _transcribe_partial(self, pcm: FloatArray) -> None:
        try:
            timed = await self._timed(pcm)
        except EngineError as error:
            # A partial is a courtesy: the final transcript tries again and reports for good.
            self._on_failure(f"recognizer, partial: {error}")
        else:
            if timed.transcript.text:
                self._on_partial(timed.transcript.text)
        if self._partial is asyncio.current_task():
            self._partial = None


def _shared(work: asyncio.Task[TimedTranscript]) -> Awaitable[TimedTranscript]:
    """``work`` for one of several who wait for it; a failure that they have given up on is no error."""
    share = asyncio.shield(work)
    share.add_done_callback(lambda done: done.cancelled() or done.exception())
    return share
