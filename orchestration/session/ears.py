"""The user's sound on its way in: a small jitter buffer that never loses a frame it accepted.

The face needs a frame every tick and waits for it; voice activity takes frames as they come.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from orchestration.media import USER_FRAME_SAMPLES, FloatArray, silence
from orchestration.protocol import ProtocolError
from orchestration.protocol.messages import NO_USER_FRAME


@dataclass(frozen=True, slots=True)
class UserFrame:
    """40 ms of the user; ``pts`` is the client's own count."""

    pts: int
    pcm: FloatArray
    motion: FloatArray | None = None
    understood: bool = True  # False: a stand-in of which it isn't known yet whether it is silence or delay


NOTHING_CAME = UserFrame(NO_USER_FRAME, silence(USER_FRAME_SAMPLES))
NOTHING_YET = UserFrame(NO_USER_FRAME, silence(USER_FRAME_SAMPLES), understood=False)
STANDING = 25  # frames (1 s) through which one more than was needed waited
GAP_FRAMES = 5  # of a client that sends with gaps: .2 s in which a delay isn't yet taken for silence


class Ears:
    """Takes frames as they come, gives one a tick, silence if late, several if it has fallen behind.

    ``prefill`` frames wait before the first is given; beyond ``backlog`` frames, those that came too late
    are heard two a tick until the delay is gone; beyond ``limit``, frames are refused. A delay that has stood
    for ``STANDING`` frames is given up one frame at a time: nobody answers sooner than they hear.

    A client ``with_gaps`` sends sound in pieces and nothing in between: nothing of it is late, silence is
    taken for silence only after ``GAP_FRAMES``, and whatever waits beyond ``backlog`` is heard two a tick.
    """

    def __init__(self, prefill: int, backlog: int, limit: int, *, with_gaps: bool = False) -> None:
        self._prefill = prefill
        self._backlog = max(backlog, prefill + 1)
        self._limit = limit
        self._queue: deque[UserFrame] = deque()
        self._motions: dict[int, FloatArray] = {}
        self._last_pts = -1
        self._filling = True
        self._with_gaps = with_gaps
        self._gap = GAP_FRAMES  # frames since something came, of a client with gaps
        self._room = asyncio.Event()
        self._room.set()
        self._listened = -1  # pts of the last frame that was listened to
        self._stood = 0  # frames given since the queue was last empty
        self._owed = 0  # frames that were replaced by silence and are still to be heard
        self.late = 0
        self.refused = 0
        self.out_of_order = 0

    @property
    def has_room(self) -> bool:
        """Whether a further frame would be accepted now."""
        return self._room.is_set()

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

    def listen(self, taken: Sequence[UserFrame]) -> list[UserFrame]:
        """What is there to listen to, oldest first: of ``taken`` and of what waits behind it for the face.

        Sound that a client sent ahead of time isn't listened to before its time.
        """
        lead = 0 if self._with_gaps else self._prefill + self._owed
        there = [*taken, *islice(self._queue, lead)]
        fresh = [frame for frame in there if frame.pts > self._listened or frame.pts == NO_USER_FRAME]
        self._listened = max(self._listened, max(frame.pts for frame in there))
        return fresh

    def take(self) -> list[UserFrame]:
        """The frames that the face hears at this tick, oldest first; never empty."""
        if self._filling or not self._queue:
            if self._with_gaps:
                return [self._wait()]
            if self._last_pts >= 0 and not self._filling:
                self.late += 1
                self._owed += 1
            return [NOTHING_CAME]
        frames = [self._queue.popleft()]
        self._gap = 0
        self._stood = self._stood + 1 if self._queue else 0
        too_many = (self._owed or self._with_gaps) and len(self._queue) > self._backlog
        if too_many or (self._owed and self._stood > STANDING):
            self._owed = max(0, self._owed - 1)
            self._stood = 0
            frames.append(self._queue.popleft())
        self._room.set()
        return frames

    def clear(self) -> None:
        """Drop what waits to be heard."""
        self._queue.clear()
        self._motions.clear()
        self._room.set()

    def _wait(self) -> UserFrame:
        """Stand in for what a client with gaps didn't send."""
        self._gap += 1
        if self._gap <= GAP_FRAMES:
            return NOTHING_YET
        # The last piece may be shorter than the prefill: it is heard once it is known that no more follows.
        self._filling = not self._queue
        return NOTHING_CAME
