"""Our half of ``benchmarks.pipecat_beside``: the same plan in real time, every engine in this one process.

    .venv/bin/python -m benchmarks._our_side PLAN.json RESULTS.json

The language model runs in the process too, so its share isn't told apart; the face is drawn at every frame,
which Pipecat doesn't do.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pipecat_beside import LOUD, read_configuration
from orchestration.clock import LoopClock
from orchestration.engines import Engines
from orchestration.gateway.host import SessionHost
from orchestration.in_process import open_engines
from orchestration.media import AGENT_SAMPLE_RATE, FRAME_SECONDS, USER_FRAME_SAMPLES, FloatArray
from orchestration.protocol import AgentFrame, Event, Hello
from orchestration.session.session import Session
from speech.audio import load_audio


class Loudspeaker:
    """The sink of a session: notes when what is loud came."""

    def __init__(self) -> None:
        self.sounded: list[tuple[float, float]] = []
        self.latest: dict[int, int] = {}  # pts by generation, to be acknowledged

    def frame(self, frame: AgentFrame) -> None:
        """Sink: one packet."""
        self.latest[frame.generation] = frame.pts
        if frame.pcm.size and np.sqrt(np.mean(frame.pcm**2)) >= LOUD:
            self.sounded.append((time.perf_counter(), frame.pcm.size / AGENT_SAMPLE_RATE))

    def event(self, event: Event) -> None:
        """Sink: one event."""


async def play(configuration: Any, engines: Engines, plan: dict[str, Any], case: dict[str, Any]) -> Any:
    """One recording in a fresh session; times in seconds from the first frame."""
    sink = Loudspeaker()
    session, _ = SessionHost(configuration, engines, LoopClock()).open(Hello(seed=1), sink)
    running = asyncio.create_task(session.run())
    try:
        await asyncio.sleep(plan["settle"])
        return await feed(plan, case, session, sink)
    finally:
        session.stop("the recording is over")
        await asyncio.wait({running}, timeout=10)


async def feed(
    plan: dict[str, Any], case: dict[str, Any], session: Session, sink: Loudspeaker
) -> dict[str, Any]:
    """Push the recording, then what is said over the agent, if anything is; silence in between."""
    first = load_audio(case["first"])
    second = load_audio(case["second"]) if case["second"] else np.zeros(0, np.float32)
    own, start = time.process_time(), time.perf_counter()
    second_at: float | None = None
    script: FloatArray = first
    position, pts = 0, 0
    while True:
        now = pts * FRAME_SECONDS
        await asyncio.sleep(max(0.0, start + now + FRAME_SECONDS - time.perf_counter()))
        heard = sink.sounded[0][0] - start if sink.sounded else None
        over = position >= script.size
        if over and second.size and second_at is None and heard is not None and now >= heard + case["at"]:
            script, position, second_at, over = second, 0, now, False
        chunk = script[position : position + USER_FRAME_SAMPLES]
        position += chunk.size
        await session.room_to_hear()  # a machine that is too busy falls behind, and is measured so
        session.hear(pts, np.pad(chunk, (0, USER_FRAME_SAMPLES - chunk.size)))
        for generation, last in sink.latest.items():
            session.acknowledge(last, generation)
        sink.latest.clear()
        pts += 1
        silent = heard is not None and now >= sum(sink.sounded[-1]) - start + plan["over_after"]
        if over and (now >= case["longest"] or (silent and not second.size)):
            break
        if over and second_at is not None and now >= second_at + second.size / 16_000 + case["watched"]:
            break
    return {
        "name": case["name"],
        "second_at": second_at,
        "sounded": [(begin - start, seconds) for begin, seconds in sink.sounded],
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - own,
        "served_cpu": 0.0,
    }


async def play_all(plan: dict[str, Any]) -> list[Any]:
    """Play the plan."""
    configuration = read_configuration(plan["config"], plan["policies"])
    results = []
    async with open_engines(configuration) as engines:
        for case in plan["cases"]:
            results.append(await play(configuration, engines, plan, case))
            print(f"ours: {len(results)} of {len(plan['cases'])}: {case['name']}", flush=True)
    return results


if __name__ == "__main__":
    found = asyncio.run(play_all(json.loads(Path(sys.argv[1]).read_text())))
    Path(sys.argv[2]).write_text(json.dumps(found))
