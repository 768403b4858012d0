"""The user's end of a case: a microphone that follows the script, a loudspeaker, and the echo of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from orchestration.client.player import PREFILL_SECONDS, Player
from orchestration.clock import Clock
from orchestration.media import (
    AGENT_SAMPLE_RATE,
    FRAME_SECONDS,
    USER_FRAME_SAMPLES,
    USER_SAMPLE_RATE,
    FloatArray,
)
from orchestration.protocol import AgentFrame, Event
from orchestration.session.session import Session
from orchestration.turn_bench.case import Case, Echo
from orchestration.turn_bench.sound import ROOM
from speech.audio import StreamingResampler

BEFORE: Final = 20  # frames of the room before the opening
LONGEST_WAIT: Final = 20.0  # seconds for the agent's first sound in a case that begins with it


class AgentStayedSilent(RuntimeError):
    """The agent was to talk, and didn't; the case can't be played."""


@dataclass
class BenchClient:
    """The sink of a session and the feeder of its ears."""

    clock: Clock
    case: Case
    frames: list[AgentFrame] = field(default_factory=list)  # as they were sent
    events: list[Event] = field(default_factory=list)
    heard: list[tuple[float, bool]] = field(default_factory=list)  # start in seconds, whether speech
    script_start: float | None = None  # seconds at which the script's first sample sounded

    def __post_init__(self) -> None:
        self._player = Player(self._on_heard)
        self._first: tuple[float, int] | None = None  # when the first packet came, and its pts
        self._resampler = StreamingResampler(AGENT_SAMPLE_RATE, USER_SAMPLE_RATE)
        self._sounded = np.zeros(0, np.float32)  # at the loudspeaker from its first frame on, 16 kHz
        self._rng = np.random.default_rng(0)

    def frame(self, frame: AgentFrame) -> None:
        """Sink: one packet."""
        if self._first is None:
            self._first = (self.clock.now(), frame.pts)
        self.frames.append(frame)
        self._player.receive(frame, self.clock.now())

    def event(self, event: Event) -> None:
        """Sink: one event."""
        self.events.append(event)

    async def play(self, session: Session) -> None:
        """Run the session from the script's beginning to its end.

        Raises ``AgentStayedSilent`` where the script waits for the agent's first sound in vain.
        """
        running = asyncio.create_task(session.run())
        try:
            await self._feed(session)
            session.stop("the case is over")
            await running
        finally:
            running.cancel()

    async def _feed(self, session: Session) -> None:
        start = self.clock.now()
        script = np.pad(self.case.pcm, (0, -self.case.pcm.size % USER_FRAME_SAMPLES))
        script = script.reshape(-1, USER_FRAME_SAMPLES)
        opening = np.pad(self.case.opening, (0, -self.case.opening.size % USER_FRAME_SAMPLES))
        opening = opening.reshape(-1, USER_FRAME_SAMPLES)
        at = 0
        pts = -1
        while at < len(script):
            pts += 1
            # Between two ticks: at one, it would depend on nothing but luck which of them hears the frame.
            await self.clock.sleep_until(start + (pts + 0.5) * FRAME_SECONDS)
            now = self.clock.now()
            for played in self._player.play(now):
                session.acknowledge(played.pts, played.generation)
            if not self.case.agent_talks or self.script_start is not None or self._agent_sounds():
                if self.script_start is None:
                    self.script_start = now - FRAME_SECONDS
                pcm = script[at]
                at += 1
            elif now - start > LONGEST_WAIT:
                raise AgentStayedSilent(f"{self.case.name}: no sound of the agent within {LONGEST_WAIT:g} s")
            else:
                pcm = self._rng.normal(0, ROOM, USER_FRAME_SAMPLES).astype(np.float32)
                if BEFORE <= pts < BEFORE + len(opening):
                    pcm += opening[pts - BEFORE]
            if self.case.echo is not None:
                pcm = np.clip(pcm + self._echo(self.case.echo, now), -1, 1)
            session.hear(pts, pcm)

    def _agent_sounds(self) -> bool:
        return bool(self.heard) and self.heard[-1][1]

    def _on_heard(self, frame: AgentFrame) -> None:
        assert self._first is not None
        came, first = self._first
        began = came + PREFILL_SECONDS
        self.heard.append((began + (frame.pts - first) * FRAME_SECONDS, frame.speech))
        if self.case.echo is None:
            return
        due = (frame.pts - first) * USER_FRAME_SAMPLES
        piece = self._resampler.push(frame.pcm)
        # Packets that were dropped before they could be heard leave silence.
        missing = max(0, due - self._sounded.size - USER_FRAME_SAMPLES)
        self._sounded = np.concatenate((self._sounded, np.zeros(missing, np.float32), piece))

    def _echo(self, echo: Echo, now: float) -> FloatArray:
        """What comes back in the 40 ms that end ``now``."""
        pcm = np.zeros(USER_FRAME_SAMPLES, np.float32)
        if self._first is None:
            return pcm
        began = self._first[0] + PREFILL_SECONDS
        begin = round((now - FRAME_SECONDS - echo.delay - began) * USER_SAMPLE_RATE)
        there = self._sounded[max(0, begin) : max(0, begin + USER_FRAME_SAMPLES)]
        offset = max(0, -begin)
        pcm[offset : offset + there.size] = there * np.float32(10 ** (echo.gain / 20))
        return pcm
