"""What came of a scenario: its packets and events, and when everything was said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestration.media import FRAME_SECONDS
from orchestration.protocol import Event
from orchestration.recording.recording import Recording
from orchestration.scenarios.schema import MOMENT
from orchestration.session.events import EventType
from orchestration.session.floor import Floor

BREATH: Final = 0.3  # seconds of silence inside a reply that don't count as silence


@dataclass(frozen=True, slots=True)
class Stretch:
    """A state that lasted from ``begin`` to ``end``, seconds of session time."""

    begin: float
    end: float
    state: Floor | bool


@dataclass
class Account:
    """Grows while the scenario is held; all times are seconds of session time."""

    recording: Recording = field(default_factory=Recording)
    began: dict[str, float] = field(default_factory=dict)  # by the label of what is said
    ended: dict[str, float] = field(default_factory=dict)
    unsaid: dict[str, str] = field(default_factory=dict)  # label, and the moment that never came
    troubles: list[str] = field(default_factory=list)  # what kept the scenario itself from going on

    def moment(self, text: str) -> tuple[float, Event | None] | None:
        """When ``text`` was, and the event that it names; None if it hasn't come."""
        found = MOMENT.match(text)
        if found is None:
            raise ValueError(f"{text!r} is no moment; give EVENT, EVENT#2, ID.start or ID.end")
        if found["edge"]:
            when = (self.began if found["edge"] == "start" else self.ended).get(found["name"])
            return None if when is None else (when, None)
        number = int(found["number"] or 1)
        for event in self.recording.events:
            if event.type == found["name"]:
                number -= 1
                if number == 0:
                    return event.t, event
        return None

    @property
    def seconds(self) -> float:
        """Length of the session so far."""
        return self.recording.seconds

    def floor(self) -> list[Stretch]:
        """Who held the floor, from the beginning to the end."""
        moves = [(e.t, Floor(e.data["holder"])) for e in self.recording.events if e.type == EventType.FLOOR]
        return list(_stretches([(0.0, Floor.NOBODY), *moves], self.seconds))

    def sound(self) -> list[Stretch]:
        """Whether the agent's voice sounded, pauses for breath within a reply included."""
        changes: list[tuple[float, Floor | bool]] = [(0.0, False)]
        last, generation = 0.0, -1
        for frame in self.recording.frames:
            if not (frame.speech and frame.pcm.any()):
                continue
            begin = frame.pts * FRAME_SECONDS
            if generation != frame.generation or begin - last > BREATH:
                changes += [(last, False), (begin, True)]
            last, generation = begin + FRAME_SECONDS, frame.generation
        changes.append((last, False))
        return list(_stretches(changes, self.seconds))

    def replies(self) -> list[list[tuple[float, str]]]:
        """Each reply as it grew: when, and all of its text until then."""
        grown: dict[int, list[tuple[float, str]]] = {}
        for event in self.recording.events:
            if event.type == EventType.REPLY_TEXT:
                reply = grown.setdefault(event.generation, [])
                before = reply[-1][1] if reply else ""
                reply.append((event.t, f"{before} {event.data['text']}".strip()))
        return list(grown.values())

    def texts(self, type: EventType) -> list[tuple[float, str]]:
        """When events of ``type`` came, and their words."""
        return [(e.t, str(e.data.get("text", ""))) for e in self.recording.events if e.type == type]


def _stretches(changes: Sequence[tuple[float, Floor | bool]], end: float) -> Iterator[Stretch]:
    for (begin, state), (until, _) in zip(changes, [*changes[1:], (end, False)], strict=True):
        if until > begin:
            yield Stretch(begin, until, state)
