"""Plays cases: real sessions on virtual time, one a case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from agents.dialogue import Dialogue
from orchestration.clock import LoopClock
from orchestration.engines import Engines
from orchestration.gateway.limits import session_options
from orchestration.protocol import Event
from orchestration.session.events import EventType
from orchestration.session.floor import Floor
from orchestration.session.session import Session, SessionOptions
from orchestration.turn_bench.case import Case
from orchestration.turn_bench.client import BenchClient
from orchestration.turn_bench.models import ASKED_TO_TALK, BenchModels
from orchestration.turn_bench.outcome import Outcome, Played, observe
from orchestration.turn_bench.policies import Policy
from orchestration.virtual_time import run_in_virtual_time
from speech.end_of_turn import SilenceEndOfTurn

STORY_SENTENCES = 60  # of a reply: the agent's talk mustn't be cut by the persona's limit
NO_PARTIALS = 3_600.0  # seconds: where nobody reads them, partial transcripts would only cost the bench time


class WordsInterrupt:
    """The rule of other frameworks: so many recognised words, and the agent gives way."""

    def __init__(self, client: BenchClient, words: int) -> None:
        self._client, self._words = client, words
        self.session: Session | None = None

    def frame(self, frame: object) -> None:
        """Sink: one packet, handed on."""
        self._client.frame(frame)  # type: ignore[arg-type]  # what a session sends

    def event(self, event: Event) -> None:
        """Sink: one event, handed on; one that tells enough words stops the agent."""
        self._client.event(event)
        told = event.type in (EventType.PARTIAL_TRANSCRIPT, EventType.FINAL_TRANSCRIPT)
        enough = told and len(str(event.data.get("text", "")).split()) >= self._words
        if enough and self.session is not None and self.session.floor is Floor.AGENT:
            self.session.conversation.give_way()


def options_of(models: BenchModels, case: Case) -> SessionOptions:
    """The configuration's own, except for what a case needs or nobody looks at."""
    configuration = models.configuration
    options = session_options(configuration, configuration.persona)
    conversation = options.conversation
    if case.agent_talks:
        reply = replace(conversation.reply, max_sentences=STORY_SENTENCES, max_tokens=1_000)
        conversation = replace(conversation, reply=reply)
    else:
        conversation = replace(conversation, partial_every=NO_PARTIALS)
    return replace(options, conversation=conversation)


def hold(case: Case, models: BenchModels, policy: Policy) -> Outcome:
    """Play one case under one policy and measure it."""
    models = replace(models, configuration=policy.configure(models.configuration))

    async def run() -> BenchClient:
        engines: Engines = models.engines(case)
        configuration = models.configuration
        client = BenchClient(LoopClock(), case)
        dialogue = Dialogue(configuration.persona, token_budget=configuration.session.dialogue_tokens)
        sink = WordsInterrupt(client, policy.min_words) if policy.min_words else client
        session = Session(
            "bench",
            engines,
            SilenceEndOfTurn(configuration.end_of_turn),
            dialogue,
            LoopClock(),
            sink,
            options_of(models, case),
            seed=1,
        )
        if isinstance(sink, WordsInterrupt):
            sink.session = session
        if case.agent_talks:
            session.read(ASKED_TO_TALK)
        await client.play(session)
        return client

    client = run_in_virtual_time(run())
    assert client.script_start is not None
    return observe(case, Played(client.frames, client.events, client.heard, client.script_start))


def hold_all(
    cases: Iterable[Case], models: BenchModels, policy: Policy, done: Callable[[], None] = lambda: None
) -> Iterator[Outcome]:
    """Play all cases under one policy, in their order."""
    for case in cases:
        yield hold(case, models, policy)
        done()
