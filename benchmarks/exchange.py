"""Latency of a spoken exchange: recorded human prompts, real time, real models, real Ray Serve.

``python -m benchmarks.exchange`` plays prompts of Debian's asterisk-core-sounds-en-wav (those whose name has
an odd md5: the others may be tuned on) to the served application and writes ``out/bench/exchange.json``:
milliseconds from the end of the user's speech to each mark, median and 95th percentile, as the server sees it
and, for the first sound, as the client does; frames late or missing; memory of every process; start-up time.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import platform
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from orchestration.client.talk import Talk, open_talk
from orchestration.configuration import load_configuration, resolve_models
from orchestration.media import USER_FRAME_SAMPLES, USER_SAMPLE_RATE, FloatArray
from orchestration.protocol import Hello
from orchestration.recording.transcript import counts, latencies, transcript
from orchestration.serving.cluster import application, session_url
from speech.audio import load_audio

PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
MARKS = ("decision", "transcript", "first_token", "first_sound", "mouth_open", "orchestration")
TURNS_A_SESSION = 4
PATIENCE = 30.0  # seconds to wait for an answer
LOUD = 0.02  # of the peak: quieter frames at the end of a recording are no speech


def is_test_material(name: str) -> bool:
    """Odd md5: reported on, never tuned on."""
    return int(hashlib.md5(name.encode()).hexdigest(), 16) % 2 == 1


def choose(folder: Path, turns: int, seed: int, *, test: bool) -> list[Path]:
    """``turns`` prompts of one to six seconds, drawn from the test half, or from the other."""
    paths = [path for path in sorted(folder.glob("*.wav")) if is_test_material(path.stem) == test]
    fitting = [path for path in paths if 1.0 <= load_audio(path).size / USER_SAMPLE_RATE <= 6.0]
    order = np.random.default_rng(seed).permutation(len(fitting))[:turns]
    return [fitting[index] for index in order]


def speech_frames(pcm: FloatArray) -> int:
    """Frames of ``pcm`` up to its last one that holds speech."""
    frames = pcm[: pcm.size - pcm.size % USER_FRAME_SAMPLES].reshape(-1, USER_FRAME_SAMPLES)
    level = np.sqrt((frames**2).mean(axis=1))
    return int(np.flatnonzero(level > LOUD * np.abs(pcm).max())[-1]) + 1


async def ask(talk: Talk, path: Path) -> dict[str, Any]:
    """One turn: what the client saw, milliseconds from the end of its speech to the first sound."""
    pcm = load_audio(path)
    before, generation = len(talk.sent_at), max((f.generation for f in talk.recording.frames), default=0)
    await talk.say(pcm)
    answered = await talk.answered(PATIENCE)
    end = talk.sent_at[before + speech_frames(pcm) - 1]
    heard = [
        received
        for frame, received in zip(talk.recording.frames, talk.received_at, strict=False)
        if frame.speech and frame.generation > generation
    ]
    return {
        "prompt": path.stem,
        "answered": answered,
        "client_first_sound": round((heard[0] - end) * 1000, 1) if heard else None,
    }


async def hold(
    url: str, paths: list[Path]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, int]]]:
    """All turns, a few a session: the client's view, the server's, and what went wrong in each session."""
    client: list[dict[str, Any]] = []
    server: list[dict[str, Any]] = []
    wrong: list[dict[str, int]] = []
    for start in range(0, len(paths), TURNS_A_SESSION):
        async with open_talk(url, Hello(client="benchmark", seed=start)) as talk:
            await talk.wait(1.0)
            for path in paths[start : start + TURNS_A_SESSION]:
                client.append(await ask(talk, path))
                print(client[-1], flush=True)
                await talk.wait(0.5)
        server += latencies(talk.recording.events)
        wrong.append(counts(talk.recording.events) | {"frames": len(talk.recording.frames)})
        for turn in transcript(talk.recording.events):
            print(f"  {turn['speaker']}: {turn['text']}", flush=True)
    return client, server, wrong


def summary(values: Iterable[float | None]) -> dict[str, float | int]:
    """Median and 95th percentile of the values that are there."""
    known = [value for value in values if value is not None]
    return {
        "n": len(known),
        "median": round(float(np.median(known)), 1),
        "p95": round(float(np.percentile(known, 95)), 1),
    }


def memory() -> dict[str, float]:
    """Megabytes of memory (unique set size) of each Ray process and of this one, by name."""
    table: dict[str, float] = {}
    for process in psutil.Process().children(recursive=True):
        name = " ".join(process.cmdline()[:1]) or process.name()
        if name.startswith("ray::"):
            table[name.removeprefix("ray::").removeprefix("ServeReplica:visavis:")] = round(
                process.memory_full_info().uss / 2**20
            )
    return table


def main() -> None:
    """Run the benchmark and write its result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="default")
    parser.add_argument("--prompts", type=Path, default=PROMPTS)
    parser.add_argument("--turns", type=int, default=24)
    parser.add_argument(
        "--development", action="store_true", help="use the other half of the prompts: to tune, not to report"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("out/bench/exchange.json"))
    options = parser.parse_args()
    paths = choose(options.prompts, options.turns, options.seed, test=not options.development)
    configuration = resolve_models(load_configuration(options.config))
    began = time.monotonic()
    with application(configuration):
        startup = time.monotonic() - began
        client, server, wrong = asyncio.run(hold(session_url(configuration), paths))
        processes = memory()
    frames = sum(session["frames"] for session in wrong)
    result = {
        "command": "python -m benchmarks.exchange",
        "machine": f"{platform.processor() or platform.machine()}, {psutil.cpu_count()} cores",
        "turns": len(paths),
        "answered": sum(turn["answered"] for turn in client),
        "milliseconds_after_speech": {
            **{mark: summary(turn.get(mark) for turn in server) for mark in MARKS},
            "client_first_sound": summary(turn["client_first_sound"] for turn in client),
        },
        "models_milliseconds": {
            model: summary(turn["models"][model] for turn in server) for model in server[0]["models"]
        },
        "overhead_milliseconds": {
            hop: summary(turn["overhead"].get(hop) for turn in server) for hop in server[0]["overhead"]
        },
        "drafted": sum(turn["drafted"] for turn in server),
        "frames": frames,
        "counts": {name: sum(session[name] for session in wrong) for name in wrong[0] if name != "frames"},
        "startup_seconds": round(startup, 1),
        "memory_megabytes": processes,
        "turn_by_turn": {"client": client, "server": server},
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key != "turn_by_turn"}, indent=2))


if __name__ == "__main__":
    main()
