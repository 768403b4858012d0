"""The client's loudspeaker: a small jitter buffer, played in real time, acknowledged frame by frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from orchestration.media import FRAME_SECONDS
from orchestration.protocol import AgentFrame, Played

PREFILL_SECONDS: Final = 2 * FRAME_SECONDS  # between a packet's coming and its being heard


class Player:
    """Plays packets on the clock of the first one; drops what was cancelled before it could be heard."""

    def __init__(self, on_heard: Callable[[AgentFrame], None] | None = None) -> None:
        self._on_heard = on_heard or (lambda frame: None)
        self._queue: deque[AgentFrame] = deque()
        self._origin: float | None = None  # time at which pts 0 is, or would have been, played

    def receive(self, frame: AgentFrame, now: float) -> None:
        """Take a packet that came at ``now`` seconds."""
        if self._origin is None:
            self._origin = now + PREFILL_SECONDS - frame.pts * FRAME_SECONDS
        if frame.flush:
            self._queue = deque(held for held in self._queue if held.generation >= frame.generation)
        self._queue.append(frame)

    def play(self, now: float) -> list[Played]:
        """What has been heard by ``now``: the last frame of each generation, oldest first."""
        played: dict[int, Played] = {}
        while self._queue and self._origin is not None:
            frame = self._queue[0]
            if self._origin + (frame.pts + 1) * FRAME_SECONDS > now:
                break
            self._queue.popleft()
            self._on_heard(frame)
            played[frame.generation] = Played(frame.pts, frame.generation)
        return list(played.values())
