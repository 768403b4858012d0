"""A user on virtual time: speaks by a script, hears with a delay, acknowledges what it heard."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from orchestration.client.player import Player
from orchestration.clock import Clock
from orchestration.media import FRAME_SECONDS, USER_FRAME_SAMPLES, FloatArray, silence
from orchestration.protocol import AgentFrame, Event
from orchestration.recording.recording import Recording
from orchestration.session.session import Session


@dataclass
class SimulatedClient:
    """The sink of a session and the feeder of its ears; attach it with ``join``."""

    clock: Clock
    recording: Recording = field(default_factory=Recording)
    acknowledges: bool = True
    heard: list[AgentFrame] = field(default_factory=list)  # what the loudspeaker has played
    _microphone: deque[FloatArray] = field(default_factory=deque)
    _player: Player = field(init=False)

    def __post_init__(self) -> None:
        self._player = Player(self.heard.append)

    def frame(self, frame: AgentFrame) -> None:
        """Sink: one packet."""
        self.recording.frame(frame)
        self._player.receive(frame, self.clock.now())

    def event(self, event: Event) -> None:
        """Sink: one event."""
        self.recording.event(event)

    def say(self, pcm: FloatArray) -> None:
        """Speak after what is still to be said."""
        padded = np.pad(pcm, (0, -pcm.size % USER_FRAME_SAMPLES))
        self._microphone.extend(padded.reshape(-1, USER_FRAME_SAMPLES))

    def record(self) -> FloatArray:
        """What the microphone hears in the next frame (640,)."""
        return self._microphone.popleft() if self._microphone else silence(USER_FRAME_SAMPLES)

    async def join(self, session: Session, seconds: float) -> str:
        """Run the session for ``seconds`` of its time with the microphone open; returns why it ended."""
        running = asyncio.create_task(session.run())
        feeding = asyncio.create_task(self._feed(session))
        try:
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(running), seconds)
            session.stop("the simulation is over")
            return await running
        finally:
            feeding.cancel()

    async def _feed(self, session: Session) -> None:
        start = self.clock.now()
        for pts in range(2**31):
            # Between two ticks: at one, it would depend on nothing but luck which of them hears the frame.
            await self.clock.sleep_until(start + (pts + 0.5) * FRAME_SECONDS)
            pcm = self.record()
            session.hear(pts, pcm)
            self.recording.user_frame(pts, pcm)
            for played in self._player.play(self.clock.now()):
                if self.acknowledges:
                    session.acknowledge(played.pts, played.generation)
