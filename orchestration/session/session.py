"""One session: the metronome that gives the face every frame, and the conversation riding on it."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from avatar.continuity import Continuity
from avatar.motion import Column
from orchestration.clock import Clock
from orchestration.engines import Engines, FaceChannel
from orchestration.media import FRAME_RATE, FRAME_SECONDS, FloatArray
from orchestration.protocol import AgentFrame
from orchestration.session.conversation import Conversation
from orchestration.session.ears import Ears, UserFrame
from orchestration.session.events import EventType
from orchestration.session.feeling import Feeling
from orchestration.session.floor import Floor
from orchestration.session.memory import Remembers
from orchestration.session.observer import ReplyObserver
from orchestration.session.options import ConversationOptions
from orchestration.session.playout import SILENT, Playout
from orchestration.session.presence import Presence, PresenceOptions
from orchestration.session.timeline import Sink, Timeline
from speech.end_of_turn import EndOfTurn

log = logging.getLogger(__name__)

LATE_TICK = FRAME_SECONDS / 2  # a tick that starts later than this, in seconds, is counted


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """Limits of one session."""

    conversation: ConversationOptions
    max_seconds: float
    playout_limit: float  # seconds of agent sound queued
    ear_prefill: int  # frames
    ear_backlog: int  # frames
    ear_limit: int  # frames
    ear_gaps: bool = False  # the client sends nothing between what it has to say
    emotion: float = 0.0  # how much the face goes with what is said, 0..1
    presence: PresenceOptions = field(default_factory=PresenceOptions)  # beside the replies

    def without_greeting(self) -> SessionOptions:
        """The same for a conversation that goes on: it was begun before."""
        talk = self.conversation
        return replace(self, conversation=replace(talk, initiative=replace(talk.initiative, greeting="")))


class Session:
    """A conversation with one user; ``run`` it, feed it, and read its sink."""

    def __init__(
        self,
        session: str,
        engines: Engines,
        end_of_turn: EndOfTurn,
        dialogue: Remembers,
        clock: Clock,
        sink: Sink,
        options: SessionOptions,
        *,
        seed: int,
        acknowledges: bool = True,
        observer: ReplyObserver | None = None,
    ) -> None:
        self._engines = engines
        self._clock = clock
        self._sink = sink
        self._options = options
        self._seed = seed
        self._acknowledges = acknowledges
        self._ears = Ears(
            options.ear_prefill, options.ear_backlog, options.ear_limit, with_gaps=options.ear_gaps
        )
        self._playout = Playout(options.playout_limit)
        self._timeline = Timeline(session, clock, sink)
        self._voice_activity = engines.open_voice_activity()
        self._continuity = Continuity(seed)
        self.conversation = Conversation(
            engines, end_of_turn, dialogue, self._playout, self._timeline, options.conversation, observer
        )
        self._feeling = Feeling(options.emotion)
        self.conversation.telling.on_clause = self._feeling.clause
        self._presence = Presence(options.presence, self.conversation, self._timeline, seed)
        self._stop_reason: str | None = None

    # -- what the client sends --------------------------------------------------------------------

    def hear(self, pts: int, pcm: FloatArray) -> None:
        """The client's frame ``pts`` (640,); raises ``ProtocolError`` if out of order or too fast."""
        self._ears.put(pts, pcm)

    async def room_to_hear(self) -> None:
        """Return as soon as a further user frame would be accepted."""
        await self._ears.room()

    @property
    def can_hear(self) -> bool:
        """Whether a further user frame would be accepted now."""
        return self._ears.has_room

    def forget_sound(self) -> None:
        """Drop the user's sound that waits to be heard, and what is being said."""
        self._ears.clear()
        self.conversation.disregard()

    def see(self, pts: int, motion: FloatArray) -> None:
        """The user's face (61,) for the client's frame ``pts``."""
        self._ears.put_motion(pts, motion)

    def read(self, text: str) -> None:
        """A turn that the user typed."""
        self.conversation.read(text)

    def acknowledge(self, pts: int, generation: int) -> None:
        """The client has played the frame ``pts`` of ``generation``."""
        if pts < self._timeline.pts:
            self.conversation.acknowledge(pts, generation)

    def stop(self, reason: str) -> None:
        """End the session at the next tick."""
        self._stop_reason = self._stop_reason or reason

    @property
    def timeline(self) -> Timeline:
        """The clock of the session and the way to its events."""
        return self._timeline

    @property
    def pts(self) -> int:
        """The frame that the metronome is at."""
        return self._timeline.pts

    # -- the metronome ----------------------------------------------------------------------------

    async def run(self) -> str:
        """Tick until stopped or too long; returns the reason of the end.

        Raises ``FacesFull`` if there is no slot for the face.
        """
        face = await self._engines.faces.open(self._seed)
        timeline = self._timeline
        # All sessions of a process tick together, so that their faces fit into one call.
        timeline.start = math.ceil(self._clock.now() * FRAME_RATE) * FRAME_SECONDS
        timeline.emit(EventType.SESSION_STARTED, seed=self._seed)
        try:
            while self._stop_reason is None:
                due = timeline.start + timeline.pts * FRAME_SECONDS
                await self._clock.sleep_until(due)
                if self._clock.now() - due > LATE_TICK:
                    timeline.counts["tick_late"] += 1
                if timeline.pts >= self._options.max_seconds * FRAME_RATE:
                    self.stop(f"the session reached its limit of {self._options.max_seconds:g} s")
                    break
                await self._tick(face)
                timeline.pts += 1
        finally:
            await self.conversation.close()
            await face.close()
            timeline.emit(
                EventType.SESSION_ENDED, reason=self._stop_reason or "cancelled", counts=self.counts()
            )
        return self._stop_reason or ""

    async def _tick(self, face: FaceChannel) -> None:
        """One frame, in the order that DESIGN fixes: user in, agent out, face, packet."""
        timeline, conversation = self._timeline, self.conversation
        users = self._ears.take()
        user = users[-1]
        generation = timeline.generation
        agent = self._presence.sound(self._playout.take(timeline.pts))
        # The user is listened to while the face moves, so that giving way is told in this very packet.
        motion, _ = await asyncio.gather(
            face.step(agent.animator_pcm, user.pcm, user.motion, self._playout.ahead()),
            self._listen(self._ears.listen(users)),
        )
        if timeline.generation != generation:
            agent = SILENT if agent.speech else agent  # cancelled meanwhile: an old one is never heard
        if conversation.flush:
            self._continuity.close_mouth()
        silent = not (agent.speech or agent.animator_pcm.any())
        motion = self._presence.face(self._continuity.step(motion, agent_silent=silent))
        motion = self._feeling.face(motion, self._playout.utterance, sounding=agent.speech)
        packet = AgentFrame(
            pts=timeline.pts,
            generation=timeline.generation,
            pcm=agent.pcm,
            motion=motion,
            user_pts=user.pts,
            speech=agent.speech,
            flush=conversation.flush,
        )
        conversation.flush = False
        self._sink.frame(packet)
        conversation.after_packet(agent, float(motion[Column.jawOpen]))
        over = conversation.initiative.tick(conversation)
        if over is not None:
            self.stop(over)
        if not self._acknowledges:
            conversation.acknowledge(timeline.pts, packet.generation)

    async def _listen(self, frames: Sequence[UserFrame]) -> None:
        for frame in frames:
            if frame.understood:
                probability = await self._voice_activity.step(frame.pcm)
                self._presence.hear(frame.pcm, probability)
                self.conversation.hear(frame.pcm, probability)

    def counts(self) -> dict[str, int]:
        """What went wrong so far, by name; every name that matters is there, 0 included."""
        return {
            "face_missed": self._continuity.missed,
            "tick_late": self._timeline.counts["tick_late"],
            "user_late": self._ears.late,
            "user_refused": self._ears.refused,
            "user_out_of_order": self._ears.out_of_order,
            "playout_underrun": self._playout.underruns,
            "engine_failed": self._timeline.counts["engine_failed"],
            "fallback": self._timeline.counts["fallback"],
            "tool_failed": self._timeline.counts["tool_failed"],
            "engine_switched": self._timeline.counts["engine_switched"],
            "reply_misbehaved": self._timeline.counts["reply_misbehaved"],
            "internal_error": self._timeline.counts["internal_error"],
        }

    @property
    def floor(self) -> Floor:
        """Who holds the turn."""
        return self.conversation.floor
