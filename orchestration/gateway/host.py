"""Owns the sessions of one process: opens them from the configuration, keeps within the limits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agents.dialogue import Dialogue, Turn
from agents.emotion import emotion_of
from agents.reply_language import shared_judge
from avatar.head import HeadMissing
from avatar.motion import NAMES
from orchestration.apologies import Apologies
from orchestration.asides import Asides
from orchestration.clock import Clock
from orchestration.configuration import Configuration
from orchestration.engines import Engines
from orchestration.gateway.choice import Choice, choose, remembered
from orchestration.gateway.files import FileShelf
from orchestration.gateway.heads import Heads
from orchestration.gateway.limits import session_options
from orchestration.gateway.live_link import LiveLinks
from orchestration.gateway.opening import manners, open_dialogue
from orchestration.gateway.parking import ParkedDialogue, Parking
from orchestration.gateway.tooling import Tooling
from orchestration.hearing import hearing
from orchestration.media import AGENT_SAMPLE_RATE, FRAME_RATE, USER_SAMPLE_RATE
from orchestration.protocol import VERSION, Hello, ProtocolError, Welcome
from orchestration.recording.artefacts import EmptyRecording, write_artefacts
from orchestration.recording.recording import Recording
from orchestration.rehearsal import Rehearsal
from orchestration.session.hand_off import HandOff, Role
from orchestration.session.session import Session
from orchestration.session.timeline import Sink
from orchestration.session.tool_loop import ToolLoop
from orchestration.tracing.provider import Traces
from speech.end_of_turn import EndOfTurn, SilenceEndOfTurn
from speech.synthesizer import SpeechChunk

log = logging.getLogger(__name__)

TAKE_OVER_SECONDS = 3.0  # for the session on a half-open connection to write down what was heard


class ServerFull(ProtocolError):
    """Every session that the gateway may hold is taken."""


@dataclass(slots=True)
class _Live:
    """A session that runs, and what is needed to go on with its conversation elsewhere."""

    session: Session
    choice: Choice  # changes when the conversation is handed over
    dialogue: Dialogue
    token: str  # empty: it can't be resumed
    tools: ToolLoop
    hand_off: HandOff
    asked_for: str  # the persona that the conversation began with
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def parked(self) -> ParkedDialogue:
        turns = self.dialogue.transcript()
        return ParkedDialogue(self.choice.persona.key, self.choice.voice, turns, self.asked_for)


class SessionHost:
    """Opens sessions, knows which are running, and keeps the conversations of clients that vanished."""

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
        self.heads = Heads(configuration)
        self.files = FileShelf()
        self.sessions: dict[str, Session] = {}
        self.served = 0
        self.counts: Counter[str] = Counter()
        self._end_of_turn = end_of_turn or (lambda: SilenceEndOfTurn(configuration.end_of_turn))
        self._live: dict[str, _Live] = {}  # by session
        self._by_token: dict[str, _Live] = {}
        gateway = configuration.gateway
        self.parking = Parking(gateway.resume_within_s, gateway.max_parked)
        self.live_links = LiveLinks(configuration.session.live_link)
        self.traces = Traces(configuration.tracing)
        self._apologies = Apologies(engines.synthesizer, configuration.serving.synthesizer.timeout_s)
        listening = configuration.listening
        self._asides = Asides(
            engines.synthesizer,
            configuration.serving.synthesizer.timeout_s,
            soft=listening.sounds if listening.sounds_per_minute else (),
            gain_db=listening.gain_db,
            fillers=configuration.thinking.filler,
        )
        self.tooling = Tooling(configuration)
        self._rehearsal = Rehearsal(
            engines.language_model,
            configuration.persona,
            configuration.session.dialogue_tokens,
            configuration.serving.language_model.timeout_s,
        )
        if engines.apology:
            persona = configuration.persona
            self._apologies.keep(persona.apology, configuration.voice_of(persona), engines.apology)

    async def prepare(self) -> None:
        """Get ready in the background what sessions would wait for otherwise: heads and personas."""
        if self.configuration.session.other_languages == "show":
            await asyncio.to_thread(shared_judge().load)
        if self.configuration.emotion.enabled:
            await asyncio.to_thread(emotion_of, "")  # the first reading loads its words
        await self.heads.prepare()
        for name in self.heads.names:
            with contextlib.suppress(HeadMissing, OSError):  # said in the log just now
                await self.files.get(await self.heads.path(name))
        if self._rehearses:
            personas = self.configuration.offered().values()
            await self._rehearsal.read_in_quiet(personas, lambda: bool(self.sessions))

    @property
    def _rehearses(self) -> bool:
        """Other engines keep no prompts, or charge for them."""
        return self.configuration.language_model.engine == "llama"

    async def admit(self, hello: Hello, sink: Sink) -> tuple[Session, Welcome]:
        """A session for the client that said ``hello``, with the conversation that it wants to go on with.

        Raises ``ServerFull``, ``UnknownPersona`` or ``UnknownVoice``; the conversation is kept then.
        """
        choose(self.configuration, hello.persona, hello.voice)  # before anything is taken from its place
        earlier = await self._recall(hello.resume) if hello.resume else None
        if earlier is None:
            turns = tuple(remembered(entry) for entry in hello.history if entry.text.strip())
            return self.open(hello, sink, turns=turns, resumed="history" if turns else "no")
        handed_over = earlier.asked_for not in ("", earlier.persona)
        if hello.persona not in (None, earlier.persona, earlier.asked_for):
            return self.open(hello, sink)  # another persona is another conversation
        wanted = None if handed_over else hello.voice  # the voice that was chosen was that of somebody else
        chosen = {"persona": earlier.persona, "voice": wanted or earlier.voice or None}
        try:
            opened = self.open(hello.model_copy(update=chosen), sink, turns=earlier.turns, resumed="memory")
            self._live[opened[1].session].asked_for = earlier.asked_for or earlier.persona
            return opened
        except ProtocolError:
            self.parking.put(str(hello.resume), earlier)
            raise

    def open(
        self,
        hello: Hello,
        sink: Sink,
        *,
        turns: Sequence[Turn] = (),
        resumed: Literal["no", "memory", "history"] = "no",
    ) -> tuple[Session, Welcome]:
        """A new session that begins with ``turns``.

        Raises ``ServerFull``, ``UnknownPersona`` or ``UnknownVoice``.
        """
        self._expect_room()
        choice = choose(self.configuration, hello.persona, hello.voice, hello.language)
        dialogue = open_dialogue(self.configuration, choice.persona, self.engines.language_model)
        dialogue.restore(turns)
        name = secrets.token_hex(8)
        options = session_options(self.configuration, choice.persona)
        if turns:
            options = options.without_greeting()
        hand_off = HandOff(self.configuration.offered(), lambda key: self._role(name, key), dialogue)
        session = Session(
            name,
            self.engines_for(choice),
            self._end_of_turn(),
            dialogue,
            self.clock,
            self.traces.tap(self.live_links.tap(sink, name), name),
            options,
            seed=secrets.randbelow(2**31) if hello.seed is None else hello.seed,
            acknowledges=hello.acknowledges,
            observer=hand_off,
        )
        tools = self.tooling.equip(session, choice.persona, hand_off)
        if self._rehearses:
            self._rehearsal.begin(choice.persona)
        keeps = self.configuration.gateway.resume_within_s
        token = secrets.token_urlsafe(24) if keeps else ""
        live = _Live(session, choice, dialogue, token, tools, hand_off, choice.persona.key)
        self.sessions[name] = session
        self._live[name] = live
        if live.token:
            self._by_token[live.token] = live
        self.served += 1
        if resumed != "no":
            self.counts[f"resumed_from_{resumed}"] += 1
            log.info("session %s goes on with %d turns from %s", name, len(turns), resumed)
        welcome = Welcome(
            version=VERSION,
            session=name,
            fps=FRAME_RATE,
            user_sample_rate=USER_SAMPLE_RATE,
            agent_sample_rate=AGENT_SAMPLE_RATE,
            motion_names=NAMES,
            persona=choice.persona.name,
            recording=self.records(hello),
            max_seconds=options.max_seconds,
            max_message_bytes=self.configuration.gateway.max_message_bytes,
            voice=choice.voice,
            language=choice.persona.language,
            language_problem=choice.language_problem,
            head=self.configuration.head_of(choice.persona),
            resume=live.token,
            resumed=resumed,
            resume_within_s=keeps,
        )
        return session, welcome

    def place(self, build: Callable[[str], Session]) -> Session:
        """Count a session of another protocol, built by the name it gets, among those of this process.

        Give the place back with ``close``. Raises ``ServerFull``.
        """
        self._expect_room()
        name = secrets.token_hex(8)
        session = self.sessions[name] = build(name)
        self.served += 1
        return session

    def engines_for(self, choice: Choice) -> Engines:
        """The engines, speaking with the chosen voice."""
        return hearing(self._speaking(self.engines, choice), choice.heard_in)

    def hand_off(self, name: str, persona: str) -> None:
        """The client of session ``name`` wants to go on with ``persona``; raises ``UnknownPersona``."""
        choose(self.configuration, persona, None)
        self._live[name].hand_off.request(persona)

    def _role(self, name: str, persona: str) -> Role:
        """What changes when session ``name`` goes on with ``persona``."""
        live = self._live[name]
        live.choice = choice = choose(self.configuration, persona, None)
        # The session's own engines, whatever else they count or watch, with another voice.
        engines = self._speaking(live.session.conversation.engines, choice)
        if self._rehearses:
            self._rehearsal.begin(choice.persona)
        return Role(
            choice.persona,
            choice.voice,
            self.configuration.head_of(choice.persona),
            engines,
            session_options(self.configuration, choice.persona).conversation,
            self.tooling.change(live.tools, choice.persona, live.session, live.hand_off),
        )

    def _speaking(self, engines: Engines, choice: Choice) -> Engines:
        manner_of = manners(self.configuration, choice.persona)
        return engines.speaking_as(
            choice.voice, self._apology(choice), self._asides.of(choice.voice), manner_of
        )

    def _expect_room(self) -> None:
        limit = self.configuration.gateway.max_sessions
        if len(self.sessions) >= limit:
            raise ServerFull(
                "server_full", f"all {limit} sessions are taken", "try again later or ask another server"
            )

    async def _recall(self, token: str) -> ParkedDialogue | None:
        """The conversation of ``token``, for once; a session that still runs on it is ended first."""
        live = self._by_token.pop(token, None)
        if live is None:
            return self.parking.take(token)
        live.session.stop("the conversation goes on over another connection")
        try:
            async with asyncio.timeout(TAKE_OVER_SECONDS):
                await live.over.wait()
        except TimeoutError:
            log.warning("a session did not end within %g s of being taken over", TAKE_OVER_SECONDS)
        return live.parked()

    def _apology(self, choice: Choice) -> Sequence[SpeechChunk]:
        if self.configuration.session.fallback != "apology":
            return ()
        return self._apologies.of(choice.persona.apology, choice.voice)

    def records(self, hello: Hello) -> bool:
        """Whether a session of this client is kept on disk."""
        recording = self.configuration.session.recording
        return recording.enabled and (hello.consents_to_recording or not recording.consent_required)

    def close(self, name: str, *, park: bool = False) -> None:
        """The session is over; ``park`` keeps its conversation for a client that may come back."""
        self.sessions.pop(name, None)
        self.live_links.release(name)
        live = self._live.pop(name, None)
        if live is None:
            return
        live.hand_off.close()
        live.over.set()
        live.dialogue.close()
        if self._by_token.pop(live.token, None) is not None and park:
            self.parking.put(live.token, live.parked())

    async def save(self, name: str, recording: Recording) -> None:
        """Write a session to disk, off the event loop; a failure is logged, the session is over anyway."""
        folder = self.configuration.session.recording.folder / name
        try:
            await asyncio.to_thread(write_artefacts, recording, folder, f"Session {name}")
        except (OSError, EmptyRecording) as error:
            log.error("session %s could not be recorded to %s: %s", name, folder, error)
