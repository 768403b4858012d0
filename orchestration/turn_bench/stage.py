"""Plays cases: real sessions on virtual time, one a case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from agents.dialogue import Dialogue
from orchestration.clock import LoopClock
from orchestration.engines import Engines
from orchestration.gateway.limits import session_options
from orchestration.session.session import Session, SessionOptions
from orchestration.turn_bench.case import Case
from orchestration.turn_bench.client import BenchClient
from orchestration.turn_bench.models import BenchModels
from orchestration.turn_bench.outcome import Outcome, Played, observe
from orchestration.turn_bench.policies import Policy
from orchestration.virtual_time import run_in_virtual_time
from speech.end_of_turn import SilenceEndOfTurn

ASKED_TO_TALK = "Please tell me a story."  # typed, where nothing is said before
STORY_SENTENCES = 60  # of a reply: the agent's talk mustn't be cut by the persona's limit
NO_PARTIALS = 3_600.0  # seconds: where nobody reads them, partial transcripts would only cost the bench time


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


def hold(case: Case, models: BenchModels) -> Outcome:
    """Play one case with ``models`` that follow a policy, and measure it."""

    async def run() -> BenchClient:
        engines: Engines = models.engines(case)
        configuration = models.configuration
        client = BenchClient(LoopClock(), case)
        dialogue = Dialogue(configuration.persona, token_budget=configuration.session.dialogue_tokens)
        session = Session(
            "bench",
            engines,
            SilenceEndOfTurn(configuration.end_of_turn),
            dialogue,
            LoopClock(),
            client,
            options_of(models, case),
            seed=1,
        )
        if case.agent_talks and not case.opening.size:
            session.read(ASKED_TO_TALK)
        await client.play(session)
        return client

    client = run_in_virtual_time(run())
    assert client.script_start is not None
    return observe(case, Played(client.frames, client.events, client.heard, client.script_start))


def hold_all(cases: Iterable[Case], models: BenchModels, policy: Policy) -> Iterator[Outcome]:
    """Play all cases under one policy, in their order."""
    following = models.following(policy)
    for case in cases:
        yield hold(case, following)
