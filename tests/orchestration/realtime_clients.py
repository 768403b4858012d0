"""What the tests of the realtime endpoint share: a server with scripted engines, and stock clients."""

from __future__ import annotations

import asyncio
import base64
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import soxr
import uvicorn
from openai import AsyncOpenAI
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from orchestration.clock import LoopClock
from orchestration.gateway.api import REALTIME_PATH, create_api
from orchestration.gateway.host import SessionHost
from orchestration.media import USER_FRAME_SAMPLES
from orchestration.simulation.scripted import (
    LEVEL_STEP,
    SPEECH_LEVEL,
    ScriptedRecognizer,
    scripted_engines,
)
from tests.orchestration.served import configured, until

SERVER_EVENT = TypeAdapter(RealtimeServerEvent)
OURS = {"visavis.motion"}
CHUNK = 4_800  # bytes: .1 s of PCM16 at 24 kHz


class SteadyRecognizer(ScriptedRecognizer):
    """Understands levels that are held for a frame or more: resampling rings where a level begins."""

    async def transcribe(self, pcm, *, words=True):
        numbers = (pcm - SPEECH_LEVEL) / LEVEL_STEP
        near = np.abs(numbers - np.rint(numbers)) < 0.2
        held = [
            number
            for number in range(len(self.utterances))
            if np.sum(near & (np.rint(numbers) == number)) >= USER_FRAME_SAMPLES
        ]
        cleaned = np.zeros_like(pcm)
        for number in held:
            cleaned[near & (np.rint(numbers) == number)] = SPEECH_LEVEL + number * LEVEL_STEP
        return await super().transcribe(cleaned, words=words)


def scripted(
    reply=lambda messages: "one two three four five six.", utterances=("hello there", "stop", "go on")
):
    """Scripted engines that hear through a resampler."""
    engines = scripted_engines(utterances, reply, apology="so sorry")
    return replace(engines, recognizer=SteadyRecognizer(utterances))


@asynccontextmanager
async def serving(configuration=None, engines=None):
    """The gateway on a real port; gives the port and the host."""
    configuration = configuration or configured()
    host = SessionHost(configuration, engines or scripted(), LoopClock())
    server = uvicorn.Server(
        uvicorn.Config(create_api(lambda: host), port=0, log_level="warning", lifespan="off")
    )
    running = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1], host
    finally:
        server.should_exit = True
        await running


def url(port, query="model=visavis"):
    """Where clients connect that aren't the SDK's."""
    return f"ws://127.0.0.1:{port}{REALTIME_PATH}?{query}"


def pcm24(pcm16k):
    """Sound at 16 kHz as PCM16 bytes at 24 kHz."""
    resampled = soxr.resample(pcm16k, 16_000, 24_000)
    return np.rint(np.clip(resampled, -1, 1) * 32_767).astype("<i2").tobytes()


class Stock:
    """The unmodified SDK's connection, and every event that came, each checked against the SDK's types."""

    def __init__(self, connection):
        self.connection = connection
        self.events = []
        self.motions = []

    async def listen(self):
        async for event in self.connection:
            if event.type in OURS:
                self.motions.append(event)
                continue
            SERVER_EVENT.validate_python(event.to_dict())
            self.events.append(event)

    async def until(self, type, count=1, within=20.0):
        """The ``count``-th event of a type; fails with what came instead."""
        try:
            await until(lambda: len(self.of(type)) >= count, within)
        except TimeoutError:
            raise AssertionError(f"no {type} number {count}; came: {self.types()}") from None
        return self.of(type)[count - 1]

    def of(self, type):
        return [event for event in self.events if event.type == type]

    def types(self):
        return [event.type for event in self.events]

    def without_deltas(self):
        return [type for type in self.types() if not type.endswith(".delta")]

    async def say(self, pcm16k, pause=0.1):
        """Append sound in pieces of .1 s, in real time."""
        data = pcm24(pcm16k)
        for start in range(0, len(data), CHUNK):
            await self.append(data[start : start + CHUNK])
            await asyncio.sleep(pause)

    async def append(self, data):
        await self.connection.input_audio_buffer.append(audio=base64.b64encode(data).decode())

    async def type(self, text):
        """A typed turn that is to be answered."""
        content = [{"type": "input_text", "text": text}]
        await self.connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": content}
        )
        await self.connection.response.create()


@asynccontextmanager
async def stock(port, model="visavis", **headers):
    """A stock client that listens; whatever it can't parse fails the test."""
    client = AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="x")
    async with client.realtime.connect(model=model, extra_headers=headers) as connection:
        talking = Stock(connection)
        listening = asyncio.create_task(talking.listen())
        try:
            await talking.until("session.created")
            yield talking
            if listening.done():
                listening.result()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    await client.close()


ANSWERED = [  # what a response consists of, deltas left out
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
]
WRITTEN = ["conversation.item.added", "conversation.item.done"]  # an item of the client


def sound_of(talk, item_id):
    """The samples of one item's audio deltas."""
    deltas = [e.delta for e in talk.of("response.output_audio.delta") if e.item_id == item_id]
    return np.frombuffer(b"".join(map(base64.b64decode, deltas)), "<i2")


def prompt(engines, n=-1):
    """What the language model was asked, without the instructions."""
    return engines.language_model.asked[n][1:]
