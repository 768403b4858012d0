"""The faces of running sessions as Live Link Face streams, for Unreal and all that listens to it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

from avatar.formats.livelink_sender import LiveLinkSender
from avatar.formats.livelink_udp import PacketError
from avatar.motion import MotionError
from orchestration.configuration.session import LiveLinkConfig
from orchestration.media import FloatArray
from orchestration.protocol import AgentFrame, Event
from orchestration.session.timeline import Sink

log = logging.getLogger(__name__)


class LiveLinks:
    """Gives every session a subject of its own: the configured name, ``NAME-2`` for the second, and so on."""

    def __init__(self, config: LiveLinkConfig) -> None:
        self._config = config
        self._taps: dict[str, tuple[int, LiveLinkTap]] = {}  # by session
        self.counts: Counter[str] = Counter()

    def tap(self, sink: Sink, session: str) -> Sink:
        """``sink``, with every frame sent to Live Link as well where that is switched on."""
        if not self._config.enabled:
            return sink
        taken = {number for number, _ in self._taps.values()}
        number = next(n for n in range(1, len(taken) + 2) if n not in taken)
        subject = self._config.subject if number == 1 else f"{self._config.subject}-{number}"
        tap = LiveLinkTap(sink, self._config, subject, self.counts)
        self._taps[session] = (number, tap)
        return tap

    def release(self, session: str) -> None:
        """The session is over: its subject has no face any more."""
        _, tap = self._taps.pop(session, (0, None))
        if tap is not None:
            tap.close()


class LiveLinkTap:
    """A session's ``Sink`` that passes everything on, and sends each face ``delay_ms`` later by UDP.

    Nothing here can hold the session up: what isn't sent is counted, and said once.
    """

    def __init__(self, sink: Sink, config: LiveLinkConfig, subject: str, counts: Counter[str]) -> None:
        self._sink = sink
        self._subject = subject
        self._counts = counts
        self._delay = config.delay_ms / 1000
        self._sender: LiveLinkSender | None = None
        self._closed = False
        self._told = False
        # The name of the listener's machine is looked up, which may take a while.
        self._opening = asyncio.create_task(self._open(config))

    def frame(self, frame: AgentFrame) -> None:
        """Pass the packet on, and send its face in time."""
        self._sink.frame(frame)
        asyncio.get_running_loop().call_later(self._delay, self._send, frame.motion, frame.pts)

    def event(self, event: Event) -> None:
        """Pass the event on."""
        self._sink.event(event)

    def close(self) -> None:
        """Tell the listener that there is no face any more; faces that still wait aren't sent."""
        self._closed = True
        self._opening.cancel()
        if self._sender is not None:
            self._sender.send(None, 0)
            self._sender.close()

    async def _open(self, config: LiveLinkConfig) -> None:
        try:
            sender = await asyncio.to_thread(LiveLinkSender, config.host, config.port, subject=self._subject)
        except PacketError as error:
            self._failed(str(error))
            return
        self._sender = sender
        log.info("the face goes to %s:%d as %s", config.host, config.port, self._subject)

    def _send(self, motion: FloatArray, pts: int) -> None:
        if self._closed:
            return
        if self._sender is None:
            self._counts["live_link_unsent"] += 1
            return
        try:
            sent = self._sender.send(motion, pts)
        except MotionError as error:
            self._failed(str(error))
        else:
            self._counts["live_link_sent" if sent else "live_link_unsent"] += 1
            if not sent:
                self._failed(self._sender.last_error or "the system took no packet")

    def _failed(self, cause: str) -> None:
        if not self._told:
            self._told = True
            log.warning("faces don't reach Live Link as %s: %s", self._subject, cause)
