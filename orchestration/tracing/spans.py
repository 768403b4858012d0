"""From the latency breakdown of a turn to its spans: made when it is over, at no cost while it runs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from opentelemetry.trace import Tracer, set_span_in_context

from orchestration.protocol import AgentFrame, Event
from orchestration.session.events import EventType
from orchestration.session.timeline import Sink

MILLISECOND: Final = 1_000_000  # nanoseconds
SECOND: Final = 1_000_000_000  # nanoseconds
KEPT: Final = 32  # incidents of one turn

MARKS: Final = ("decision", "transcript", "first_token", "first_sound", "mouth_open")
INCIDENTS: Final = (EventType.ENGINE_FAILED, EventType.FALLBACK, EventType.MISBEHAVED)


class TracedTurns:
    """A session's sink that makes a span of each turn, with one child a stage, and passes everything on.

    The turn begins where the user's speech ended. Its events are the marks of the breakdown and what went
    wrong since the turn before. ``wall`` is the time of day, nanoseconds since 1970.
    """

    def __init__(
        self, sink: Sink, session: str, tracer: Tracer, wall: Callable[[], int] = time.time_ns
    ) -> None:
        self._sink = sink
        self._session = session
        self._tracer = tracer
        self._wall = wall
        self._incidents: deque[tuple[int, Event]] = deque(maxlen=KEPT)

    def frame(self, frame: AgentFrame) -> None:
        """Pass the packet on."""
        self._sink.frame(frame)

    def event(self, event: Event) -> None:
        """Pass the event on, and trace the turn that it ends."""
        self._sink.event(event)
        if event.type in INCIDENTS:
            self._incidents.append((self._wall(), event))
        elif event.type == EventType.LATENCY:
            self._trace(event)

    def _trace(self, event: Event) -> None:
        breakdown = event.data
        began: int = self._wall() - round((event.t - breakdown["speech_end"]) * SECOND)

        def at(milliseconds: float) -> int:
            return began + round(milliseconds * MILLISECOND)

        stages: dict[str, list[float]] = breakdown["stages"]
        identity: dict[str, str | int | bool] = {
            "session.id": self._session,
            "visavis.generation": event.generation,
        }
        turn = self._tracer.start_span(
            "turn",
            start_time=at(min([0.0, *(begin for begin, _ in stages.values())])),
            attributes={**identity, "visavis.drafted": breakdown["drafted"], "visavis.cut": breakdown["cut"]},
        )
        for mark in MARKS:
            if breakdown[mark] is not None:
                turn.add_event(mark, timestamp=at(breakdown[mark]))
        for when, incident in self._incidents:
            turn.add_event(incident.type, {"message": incident.data["message"]}, timestamp=when)
        self._incidents.clear()
        inside = set_span_in_context(turn)
        for stage, (begin, end) in stages.items():
            span = self._tracer.start_span(stage, context=inside, start_time=at(begin), attributes=identity)
            span.end(at(end))
        turn.end(at(max([0.0, *(end for _, end in stages.values())])))
