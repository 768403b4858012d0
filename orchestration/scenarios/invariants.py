"""What holds in every conversation, whatever is said and whatever fails."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from orchestration.media import AGENT_FRAME_SAMPLES, MOTION_SIZE
from orchestration.protocol import Event
from orchestration.recording.recording import Recording
from orchestration.session.events import EventType
from orchestration.session.floor import Floor

SETTLED_SECONDS = 3.0  # without any event, after which whatever was going on is over


def broken_rules(recording: Recording) -> list[str]:
    """Every rule that a session's packets and events break, one sentence each; empty if all is well.

    The face has every frame; sound of the agent comes only while it holds the floor; a generation that was
    cut is never heard again; nothing went wrong inside the session.
    """
    return [*_frames(recording), *_cut_generations(recording), *_floor(recording), *_internal(recording)]


def floor_at_the_end(events: list[Event]) -> str:
    """Who holds the floor when the events end."""
    moves = [event for event in events if event.type == EventType.FLOOR]
    return str(moves[-1].data["holder"]) if moves else Floor.NOBODY.value


def _frames(recording: Recording) -> Iterator[str]:
    for index, frame in enumerate(recording.frames):
        if frame.pts != index:
            yield f"packet {index} has pts {frame.pts}"
            return
        if frame.motion.shape != (MOTION_SIZE,) or not np.isfinite(frame.motion).all():
            yield f"pts {index}: the face is not {MOTION_SIZE} finite numbers"
        if frame.pcm.shape != (AGENT_FRAME_SAMPLES,) or not np.isfinite(frame.pcm).all():
            yield f"pts {index}: the sound is not {AGENT_FRAME_SAMPLES} finite samples"


def _cut_generations(recording: Recording) -> Iterator[str]:
    cuts = deque(sorted(e.pts for e in recording.events if e.type == EventType.INTERRUPTED))
    before, cut = 0, -1  # the latest generation, and the latest that was cut
    for frame in recording.frames:
        while cuts and cuts[0] <= frame.pts:
            cuts.popleft()
            cut = before
        if frame.generation < before:
            yield f"pts {frame.pts}: generation {frame.generation} after {before}"
        before = max(before, frame.generation)
        sounds = frame.speech and frame.pcm.any()
        if sounds and frame.generation <= cut:
            yield f"pts {frame.pts}: generation {frame.generation} is heard after it was cut"


def _floor(recording: Recording) -> Iterator[str]:
    moves = iter([event for event in recording.events if event.type == EventType.FLOOR])
    upcoming = next(moves, None)
    holder: str = Floor.NOBODY
    for frame in recording.frames:
        seen = {holder}  # a packet belongs to its tick, in which the floor may move
        while upcoming is not None and upcoming.pts <= frame.pts:
            holder = upcoming.data["holder"]
            seen.add(holder)
            upcoming = next(moves, None)
        if frame.speech and Floor.AGENT not in seen:
            yield f"pts {frame.pts}: the agent speaks while {holder} holds the floor"


def _internal(recording: Recording) -> Iterator[str]:
    for event in recording.events:
        if event.type == EventType.PROBLEM:
            yield f"t {event.t:g} s: {event.data.get('message', event.type)}"
