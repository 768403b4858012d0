"""Conversations with scripted engines on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

import pytest
import uvicorn

from agents.dialogue import Dialogue
from agents.language_model import Message
from agents.persona import Persona
from orchestration.clock import LoopClock
from orchestration.engines import Engines
from orchestration.gateway.api import create_api
from orchestration.gateway.host import SessionHost
from orchestration.protocol import Event
from orchestration.recording.recording import Recording
from orchestration.session.events import EventType
from orchestration.session.options import ConversationOptions
from orchestration.session.reply import ReplyLimits
from orchestration.session.session import Session, SessionOptions
from orchestration.session.timeline import Sink
from orchestration.simulation.client import SimulatedClient
from orchestration.simulation.scripted import scripted_engines
from orchestration.virtual_time import run_in_virtual_time
from speech.end_of_turn import EndOfTurnConfig, SilenceEndOfTurn

OPTIONS = SessionOptions(
    conversation=ConversationOptions(
        reply=ReplyLimits(
            first_token_timeout=3.0,
            language_model_timeout=20.0,
            synthesizer_timeout=5.0,
            retries=1,
            max_tokens=100,
            max_sentences=3,
            apologise=True,
        ),
        recognizer_timeout=5.0,
        recognizer_retries=1,
        partial_every=0.8,
        pre_roll=0.32,
        barge_in=True,
        barge_in_after=0.24,
        acknowledge_timeout=2.0,
        draft=True,
    ),
    max_seconds=600,
    playout_limit=30,
    ear_prefill=1,
    ear_backlog=4,
    ear_limit=50,
)
PERSONA = Persona(name="Mira", role="a receptionist", apology="I am sorry")


def echo(messages: Sequence[Message]) -> str:
    """A reply that shows what the model saw last."""
    return f"You said {messages[-1].content}."


@dataclass(repr=False)
class Held:
    """What came of a simulated conversation."""

    recording: Recording
    dialogue: Dialogue
    engines: Engines
    reason: str

    def of(self, *types: EventType) -> list[Event]:
        return [event for event in self.recording.events if event.type in types]

    def texts(self, type: EventType) -> list[str]:
        return [event.data["text"] for event in self.of(type)]

    def floors(self) -> list[str]:
        return [event.data["holder"] for event in self.of(EventType.FLOOR)]

    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = self.recording.events[-1].data["counts"]
        return counts


Script = Callable[[SimulatedClient, Session], None]
Hold = Callable[..., Held]


@pytest.fixture
def hold() -> Hold:
    """Runs a scripted conversation; ``script`` speaks and acts, its delays are virtual."""

    def run(
        script: Callable[..., object],
        utterances: Sequence[str] = ("first", "second", "third"),
        *,
        seconds: float = 20.0,
        adjust: Callable[[Engines], object] = lambda engines: None,
        reply: Callable[[Sequence[Message]], str] = echo,
        conversation: dict[str, object] | None = None,
        acknowledges: bool = True,
        client_acknowledges: bool = True,
        session_options: dict[str, object] | None = None,
        tap: Callable[[Sink], Sink] = lambda sink: sink,
    ) -> Held:
        async def main() -> Held:
            engines = scripted_engines(utterances, reply, apology=PERSONA.apology)
            adjusted = adjust(engines)
            engines = adjusted if isinstance(adjusted, Engines) else engines
            client = SimulatedClient(LoopClock(), acknowledges=client_acknowledges)
            dialogue = Dialogue(PERSONA, token_budget=1024)
            options = replace(OPTIONS, **(session_options or {}))
            options = replace(options, conversation=replace(options.conversation, **(conversation or {})))
            session = Session(
                "test",
                engines,
                SilenceEndOfTurn(EndOfTurnConfig()),
                dialogue,
                LoopClock(),
                tap(client),
                options,
                seed=7,
                acknowledges=acknowledges,
            )
            acting = asyncio.ensure_future(script(client, session))
            reason = await client.join(session, seconds)
            acting.cancel()
            return Held(client.recording, dialogue, engines, reason)

        return run_in_virtual_time(main())

    return run


@pytest.fixture
def gateway() -> Callable[..., AbstractAsyncContextManager[int]]:
    """Serves a host's sessions on a port of this machine."""
    return serve_host


@asynccontextmanager
async def serve_host(host: SessionHost) -> AsyncIterator[int]:
    server = uvicorn.Server(
        uvicorn.Config(create_api(lambda: host), port=0, log_level="warning", lifespan="off")
    )
    running = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running
