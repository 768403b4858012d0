"""The session's timeline: pts, seconds, generation, and the events pinned to them."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any, Protocol

from orchestration.clock import Clock
from orchestration.protocol import AgentFrame, Event
from orchestration.session.events import EventType

log = logging.getLogger(__name__)


class Sink(Protocol):
    """Where a session's output goes; neither call may block."""

    def frame(self, frame: AgentFrame) -> None:
        """One packet, every 40 ms."""
        ...

    def event(self, event: Event) -> None:
        """Something happened."""
        ...


class Timeline:
    """Knows what time it is in the session and tells the sink what happens then."""

    def __init__(self, session: str, clock: Clock, sink: Sink) -> None:
        self.session = session
        self.clock = clock
        self.pts = 0
        self._generation = self._of_reply = 0
        self.start = clock.now()
        self.counts: Counter[str] = Counter()
        self._sink = sink

    @property
    def generation(self) -> int:
        """The generation of the packets."""
        return self._generation

    @generation.setter
    def generation(self, generation: int) -> None:
        self._generation = self._of_reply = generation

    @property
    def of_reply(self) -> int:
        """The generation that events tell: that of the reply, also where a hold has renewed its packets'."""
        return self._of_reply

    def renew_packets(self) -> int:
        """A new generation for the packets of the same reply; clients drop what they hold of the old one."""
        self._generation += 1
        return self._generation

    def now(self) -> float:
        """Seconds of session time."""
        return self.clock.now() - self.start

    def emit(self, type: EventType, *, generation: int | None = None, **data: Any) -> None:
        """Tell the sink and the log that something happened now."""
        event = Event(
            pts=self.pts,
            t=round(max(0.0, self.now()), 4),
            type=type.value,
            generation=self._of_reply if generation is None else generation,
            data=data,
        )
        log.debug(
            "%s",
            type.value,
            extra={"session": self.session, "pts": event.pts, "generation": event.generation},
        )
        self._sink.event(event)

    def count(self, what: str, type: EventType, message: str, **data: Any) -> None:
        """Count a failure or fallback, log it, and tell the sink."""
        self.counts[what] += 1
        where = {"session": self.session, "pts": self.pts, "generation": self.generation}
        log.warning("%s: %s", what, message, extra=where)
        self.emit(type, what=what, message=message, **data)
