"""Pipecat's half of ``benchmarks.pipecat_beside``: run by the Python of Pipecat's own environment.

    PYTHON benchmarks/_pipecat_side.py PLAN.json RESULTS.json

The plan names the models and the recordings (see ``benchmarks.pipecat_beside``); each is pushed in real time
through the pipeline that Pipecat's own documentation builds: transport, Whisper, context with Silero VAD and
Smart Turn (its defaults), language model, Piper, transport. Nothing is given to the sound card: what the
output would play is timed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import InputAudioRawFrame, OutputAudioRawFrame, StartFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.piper.tts import PiperTTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner

RATE = 16_000
FRAME = 320  # samples, 20 ms
VOICE_RATE = 22_050
LOUD = 0.003  # RMS of full scale from which a chunk of the agent's sound counts as heard
READY = 60.0  # seconds in which a pipeline must have started
TICKS = os.sysconf("SC_CLK_TCK")


class Microphone(BaseInputTransport):
    """Takes what is pushed."""

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)


class Loudspeaker(BaseOutputTransport):
    """Plays at the pace of time, into a list of (start, seconds) of what is loud."""

    def __init__(self, params: TransportParams) -> None:
        super().__init__(params)
        self.ready = asyncio.Event()
        self.sounded: list[tuple[float, float]] = []
        self._free = 0.0

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self.ready.set()

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        now = time.perf_counter()
        begin = max(now, self._free)
        pcm = np.frombuffer(frame.audio, np.int16).astype(np.float32) / 32_768
        seconds = pcm.size / frame.num_channels / frame.sample_rate
        if pcm.size and np.sqrt(np.mean(pcm**2)) >= LOUD:
            self.sounded.append((begin, seconds))
        self._free = begin + seconds
        await asyncio.sleep(max(0.0, begin - now))
        return True


def read(path: str) -> bytes:
    """16-bit mono samples at 16 kHz."""
    with wave.open(path, "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2), path
        return file.readframes(file.getnframes())


def cpu_of(pid: int) -> float:
    """Processor seconds that another process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def play(plan: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    """One recording through a fresh pipeline; times in seconds from the first pushed sample."""
    microphone = Microphone(TransportParams(audio_in_enabled=True))
    loudspeaker = Loudspeaker(TransportParams(audio_out_enabled=True))
    hearing = WhisperSTTService(
        device="cpu",
        compute_type="int8",
        settings=WhisperSTTService.Settings(model=plan["recognizer"], language="en"),
    )
    thinking = OpenAILLMService(
        api_key=plan["key"],
        base_url=plan["base_url"],
        settings=OpenAILLMService.Settings(
            model="local",
            temperature=plan["temperature"],
            max_tokens=plan["max_tokens"],
            system_instruction=plan["system"],
        ),
    )
    speaking = PiperTTSService(
        download_dir=Path(plan["voice_folder"]), settings=PiperTTSService.Settings(voice=plan["voice"])
    )
    context = LLMContext()
    both = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    stages = [microphone, hearing, both.user(), thinking, speaking, loudspeaker, both.assistant()]
    worker = PipelineWorker(
        Pipeline(stages),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=VOICE_RATE),
        enable_rtvi=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(READY):
            await loudspeaker.ready.wait()
        await asyncio.sleep(plan["settle"])
        return await feed(plan, case, microphone, loudspeaker)
    finally:
        await worker.cancel()
        await asyncio.wait({running}, timeout=10)


async def feed(
    plan: dict[str, Any], case: dict[str, Any], microphone: Microphone, loudspeaker: Loudspeaker
) -> dict[str, Any]:
    """Push the recording, then what is said over the agent, if anything is; silence in between."""
    first = read(case["first"])
    second = read(case["second"]) if case["second"] else b""
    own, served = time.process_time(), cpu_of(plan["pid"])
    start = time.perf_counter()
    second_at: float | None = None
    position = pushed = 0
    script = first
    quiet = bytes(2 * FRAME)
    while True:
        now = pushed * FRAME / RATE
        await asyncio.sleep(max(0.0, start + now + FRAME / RATE - time.perf_counter()))
        heard = loudspeaker.sounded[0][0] - start if loudspeaker.sounded else None
        over = position >= len(script)
        if over and second and second_at is None and heard is not None and now >= heard + case["at"]:
            script, position, second_at, over = second, 0, now, False
        chunk = script[position : position + 2 * FRAME]
        position += len(chunk)
        audio = chunk + quiet[len(chunk) :]
        await microphone.push_audio_frame(InputAudioRawFrame(audio=audio, sample_rate=RATE, num_channels=1))
        pushed += 1
        silent = heard is not None and now >= sum(loudspeaker.sounded[-1]) - start + plan["over_after"]
        if over and (now >= case["longest"] or (silent and not second)):
            break
        if over and second_at is not None and now >= second_at + len(second) / 2 / RATE + case["watched"]:
            break
    return {
        "name": case["name"],
        "second_at": second_at,
        "sounded": [(begin - start, seconds) for begin, seconds in loudspeaker.sounded],
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - own,
        "served_cpu": cpu_of(plan["pid"]) - served,
    }


async def play_all(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Play the plan."""
    results = []
    for case in plan["cases"]:
        results.append(await play(plan, case))
        print(f"pipecat: {len(results)} of {len(plan['cases'])}: {case['name']}", flush=True)
    return results


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    found = asyncio.run(play_all(json.loads(Path(sys.argv[1]).read_text())))
    Path(sys.argv[2]).write_text(json.dumps(found))
