"""The same session without Ray: every real engine in this process, in real time."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
import soxr

from orchestration.clock import LoopClock
from orchestration.configuration import load_configuration, resolve_models
from orchestration.configuration.fallbacks import OpenAICompatibleSection
from orchestration.gateway.host import SessionHost
from orchestration.in_process import open_engines
from orchestration.media import silence
from orchestration.protocol import Hello
from orchestration.recording.transcript import transcript
from orchestration.simulation.client import SimulatedClient


def with_a_server_that_is_down(configuration):
    """The same system that would rather ask a server, where nobody listens."""
    model = OpenAICompatibleSection(
        model="big", base_url="http://127.0.0.1:9/v1", fallbacks=(configuration.language_model,)
    )
    return configuration.model_copy(update={"language_model": model})


@pytest.mark.slow
async def test_a_spoken_question_is_answered_by_engines_of_this_process_where_the_server_is_down():
    configuration = with_a_server_that_is_down(resolve_models(load_configuration("default")))
    async with open_engines(configuration) as engines:
        spoken = [c.pcm async for c in engines.synthesizer.synthesize("What time does the museum open?")]
        question = soxr.resample(np.concatenate(spoken), 24_000, 16_000).astype(np.float32)
        client = SimulatedClient(LoopClock())
        client.say(silence(16_000))
        client.say(question)
        session, _ = SessionHost(configuration, engines, LoopClock()).open(Hello(seed=1), client)
        await asyncio.wait_for(client.join(session, seconds=14), 60)
    assert client.recording.events[-1].data["counts"]["engine_failed"] == 0
    turns = transcript(client.recording.events)
    assert [turn["speaker"] for turn in turns] == ["user", "agent"]
    assert "museum" in turns[0]["text"].lower()
    assert turns[1]["heard"] == turns[1]["text"] != ""
