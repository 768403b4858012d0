"""Owns the sessions of one process: opens them from the configuration, keeps within the limits."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable

from agents.dialogue import Dialogue
from avatar.motion import NAMES
from orchestration.clock import Clock
from orchestration.configuration import Configuration
from orchestration.engines import Engines
from orchestration.media import AGENT_SAMPLE_RATE, FRAME_RATE, USER_SAMPLE_RATE
from orchestration.protocol import VERSION, Hello, ProtocolError, Welcome
from orchestration.recording.artefacts import EmptyRecording, write_artefacts
from orchestration.recording.recording import Recording
from orchestration.session.conversation import ConversationOptions
from orchestration.session.reply import ReplyLimits
from orchestration.session.session import Session, SessionOptions
from orchestration.session.timeline import Sink
from speech.end_of_turn import EndOfTurn, SilenceEndOfTurn

log = logging.getLogger(__name__)


class ServerFull(ProtocolError):
    """Every session that the gateway may hold is taken."""


def session_options(configuration: Configuration) -> SessionOptions:
    """What a session needs to know of the whole system's configuration."""
    session, serving = configuration.session, configuration.serving
    reply = ReplyLimits(
        first_token_timeout=session.first_token_timeout_s,
        language_model_timeout=serving.language_model.timeout_s,
        synthesizer_timeout=serving.synthesizer.timeout_s,
        retries=serving.language_model.retries,
        max_tokens=configuration.persona.max_tokens,
        max_sentences=configuration.persona.max_sentences,
        apologise=session.fallback == "apology",
    )
    conversation = ConversationOptions(
        reply=reply,
        recognizer_timeout=serving.recognizer.timeout_s,
        recognizer_retries=serving.recognizer.retries,
        partial_every=session.partial_every_s,
        pre_roll=session.pre_roll_s,
        barge_in=session.barge_in.enabled,
        barge_in_after=session.barge_in.min_speech_ms / 1000,
        acknowledge_timeout=session.acknowledge_timeout_s,
        draft=session.draft_replies,
    )
    return SessionOptions(
        conversation=conversation,
        max_seconds=session.max_length_min * 60,
        playout_limit=session.playout_limit_s,
        ear_prefill=session.user_prefill_frames,
        ear_backlog=session.user_backlog_frames,
        ear_limit=session.user_ahead_frames,
    )


class SessionHost:
    """Opens sessions and knows which are running."""

    def __init__(
        self,
        configuration: Configuration,
        engines: Engines,
        clock: Clock,
        end_of_turn: Callable[[], EndOfTurn] | None = None,
    ) -> None:
        self.configuration = configuration
        self.engines = engines
        self.clock = clock
        self._end_of_turn = end_of_turn or (lambda: SilenceEndOfTurn(configuration.end_of_turn))
        self._options = session_options(configuration)
        self.sessions: dict[str, Session] = {}
        self.served = 0

    def open(self, hello: Hello, sink: Sink) -> tuple[Session, Welcome]:
        """A new session for the client that said ``hello``; raises ``ServerFull``."""
        limit = self.configuration.gateway.max_sessions
        if len(self.sessions) >= limit:
            raise ServerFull(
                "server_full", f"all {limit} sessions are taken", "try again later or ask another server"
            )
        name = secrets.token_hex(8)
        persona = self.configuration.persona
        session = Session(
            name,
            self.engines,
            self._end_of_turn(),
            Dialogue(persona, token_budget=self.configuration.session.dialogue_tokens),
            self.clock,
            sink,
            self._options,
            seed=secrets.randbelow(2**31) if hello.seed is None else hello.seed,
            acknowledges=hello.acknowledges,
        )
        self.sessions[name] = session
        self.served += 1
        welcome = Welcome(
            version=VERSION,
            session=name,
            fps=FRAME_RATE,
            user_sample_rate=USER_SAMPLE_RATE,
            agent_sample_rate=AGENT_SAMPLE_RATE,
            motion_names=NAMES,
            persona=persona.name,
            recording=self.records(hello),
            max_seconds=self._options.max_seconds,
            max_message_bytes=self.configuration.gateway.max_message_bytes,
        )
        return session, welcome

    def records(self, hello: Hello) -> bool:
        """Whether a session of this client is kept on disk."""
        recording = self.configuration.session.recording
        return recording.enabled and (hello.consents_to_recording or not recording.consent_required)

    def close(self, name: str) -> None:
        """The session is over."""
        self.sessions.pop(name, None)

    async def save(self, name: str, recording: Recording) -> None:
        """Write a session to disk, off the event loop; a failure is logged, the session is over anyway."""
        folder = self.configuration.session.recording.folder / name
        try:
            await asyncio.to_thread(write_artefacts, recording, folder, f"Session {name}")
        except (OSError, EmptyRecording) as error:
            log.error("session %s could not be recorded to %s: %s", name, folder, error)
