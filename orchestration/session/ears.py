"""The user's sound on its way in: a small jitter buffer that never loses a frame it accepted."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from orchestration.media import USER_FRAME_SAMPLES, FloatArray, silence
from orchestration.protocol import ProtocolError
from orchestration.protocol.messages import NO_USER_FRAME


@dataclass(frozen=True, slots=True)
class UserFrame:
    """40 ms of the user; ``pts`` is the client's own count."""

    pts: int
    pcm: FloatArray
    motion: FloatArray | None = None


NOTHING_CAME = UserFrame(NO_USER_FRAME, silence(USER_FRAME_SAMPLES))


class Ears:
    """Takes frames as they come, gives one a tick, silence if late, several if it has fallen behind.

    ``prefill`` frames wait before the first is given; beyond ``backlog`` frames, those that came too late
    are heard two a tick until the delay is gone; beyond ``limit``, frames are refused.
    """

    def __init__(self, prefill: int, backlog: int, limit: int) -> None:
        self._prefill = prefill
        self._backlog = max(backlog, prefill + 1)
        self._limit = limit
        self._queue: deque[UserFrame] = deque()
        self._motions: dict[int, FloatArray] = {}
        self._last_pts = -1
        self._filling = True
        self._room = asyncio.Event()
        self._room.set()
        self._owed = 0  # frames that were replaced by silence and are still to be heard
        self.late = 0
        self.refused = 0
        self.out_of_order = 0

    async def room(self) -> None:
        """Return as soon as a further frame would be accepted."""
        await self._room.wait()

    def put(self, pts: int, pcm: FloatArray) -> None:
        """Accept the client's frame ``pts``.

        Raises ``ProtocolError`` for a frame that is out of order or beyond the limit; earlier ones stay.
        """
        if pts <= self._last_pts:
            self.out_of_order += 1
            raise ProtocolError(
                "out_of_order",
                f"user frame {pts} after frame {self._last_pts}",
                "send each frame once, in order",
            )
        if len(self._queue) >= self._limit:
            self.refused += 1
            raise ProtocolError(
                "too_fast",
                f"user frame {pts} came while {self._limit} frames were waiting",
                "send sound in real time, one frame every 40 ms",
            )
        self._last_pts = pts
        self._queue.append(UserFrame(pts, pcm, self._motions.pop(pts, None)))
        if len(self._queue) > self._prefill:
            self._filling = False
        if len(self._queue) >= self._limit:
            self._room.clear()

    def put_motion(self, pts: int, motion: FloatArray) -> None:
        """Accept the user's face for frame ``pts``; send it before the frame's sound."""
        if len(self._motions) >= self._limit:
            self._motions.pop(next(iter(self._motions)))
        self._motions[pts] = motion

    def take(self) -> list[UserFrame]:
        """The frames to be heard at this tick, oldest first; never empty."""
        if self._filling or not self._queue:
            if self._last_pts >= 0 and not self._filling:
                self.late += 1
                self._owed += 1
            return [NOTHING_CAME]
        frames = [self._queue.popleft()]
        if self._owed and len(self._queue) > self._backlog:
            self._owed -= 1
            frames.append(self._queue.popleft())
        self._room.set()
        return frames
