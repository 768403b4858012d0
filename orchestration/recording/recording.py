"""A session as it was sent: frames and events, in memory, whether kept by the server or by a client."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from orchestration.media import FRAME_SECONDS, MOTION_SIZE, USER_FRAME_SAMPLES, FloatArray, silence
from orchestration.protocol import AgentFrame, Event
from orchestration.protocol.messages import NO_USER_FRAME


@dataclass(slots=True, repr=False)
class Recording:
    """What both sides of one session said and showed, on one timeline that starts at pts 0."""

    frames: list[AgentFrame] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    _user: dict[int, FloatArray] = field(default_factory=dict)  # by the client's own pts

    def frame(self, frame: AgentFrame) -> None:
        """Keep one packet."""
        self.frames.append(frame)

    def event(self, event: Event) -> None:
        """Keep one event."""
        self.events.append(event)

    def user_frame(self, pts: int, pcm: FloatArray) -> None:
        """Keep the client's frame ``pts`` (640,)."""
        self._user[pts] = pcm

    @property
    def seconds(self) -> float:
        """Length of the session."""
        return len(self.frames) * FRAME_SECONDS

    def motion(self) -> FloatArray:
        """(T, 61) float32."""
        if not self.frames:
            return np.zeros((0, MOTION_SIZE), np.float32)
        return np.stack([frame.motion for frame in self.frames])

    def pts(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """(T,) frame indices."""
        return np.array([frame.pts for frame in self.frames], np.int64)

    def agent_pcm(self) -> FloatArray:
        """The agent's sound, 24 kHz, as long as the motion."""
        return _joined([frame.pcm for frame in self.frames])

    def user_pcm(self) -> FloatArray:
        """The user's sound as it was heard, 16 kHz, as long as the motion.

        Frames that came late were heard two a tick later on; they fill the gaps that they had left.
        """
        track = [silence(USER_FRAME_SAMPLES)] * len(self.frames)
        gaps: list[int] = []
        expected = None
        for index, frame in enumerate(self.frames):
            if frame.user_pts == NO_USER_FRAME:
                if expected is not None:
                    gaps.append(index)
                continue
            if expected is not None:
                for skipped in range(expected, frame.user_pts):
                    if gaps and skipped in self._user:
                        track[gaps.pop(0)] = self._user[skipped]
            track[index] = self._user.get(frame.user_pts, track[index])
            expected = frame.user_pts + 1
        return _joined(track)


def _joined(frames: list[FloatArray]) -> FloatArray:
    return np.concatenate(frames) if frames else silence(0)
