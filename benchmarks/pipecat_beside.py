"""Pipecat beside us: the same recordings, recogniser, language model and voice, in real time.

    python -m venv out/pipecat && out/pipecat/bin/pip install "pipecat-ai[openai,whisper,piper]==1.14.0"
    python -m benchmarks.pipecat_beside [--turns 10] [--pipecat out/pipecat/bin/python]

Cases are those of ``visavis bench turns`` on the half that is reported: whole sentences, sentences with a
pause, and, while the agent talks, interruptions and backchannels. Both get the sound in real time, and what
each would play is timed where it leaves the pipeline; both half-results are measured by the same code. The
language model is the same GGUF file: served by llama.cpp for Pipecat, in the process for us. Writes
``out/bench/pipecat.json``. Needs an idle machine, for about half a minute a case and system.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from agents.dialogue import Dialogue
from orchestration.configuration import Configuration, load_configuration, resolve_models
from orchestration.media import USER_SAMPLE_RATE
from orchestration.turn_bench.case import Case, Half, Kind
from orchestration.turn_bench.cases import build_cases
from orchestration.turn_bench.intervals import wilson
from orchestration.turn_bench.policies import policy_of
from orchestration.turn_bench.sound import samples
from speech.audio import write_wav
from speech.smart_turn import SmartTurnConfig

LOUD = 0.003  # RMS of full scale from which a chunk of the agent's sound counts as heard
SETTLE = 2.0  # seconds between a pipeline's start and the first sound
LONGEST = 26.0  # seconds that one recording and its answer may take
OVER_AFTER = 1.5  # seconds without sound after which a reply is over
INTO_THE_REPLY = 1.2  # seconds of the agent's talk before something is said over it
WATCHED = 3.0  # seconds after that
STOPPED = 0.4  # seconds without sound that count as having stopped
KEY = "bench"
PORT = 8765


def read_configuration(config: str, policy: str) -> Configuration:
    """The configuration under a policy of the bench, its models resolved."""
    configuration = load_configuration(config)
    if configuration.smart_turn is None:
        configuration = configuration.model_copy(update={"smart_turn": SmartTurnConfig()})
    return policy_of(policy).configure(resolve_models(configuration))


def plan_cases(folder: Path, turns: int) -> tuple[list[dict[str, Any]], dict[str, Case]]:
    """Write the recordings; returns the plan's cases and the cases they came from, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen: dict[Kind, list[Case]] = {}
    for case in build_cases(Half.TEST):
        if case.column.value == "human":
            chosen.setdefault(case.kind, []).append(case)
    whole = chosen[Kind.COMPLETE][:turns]
    cases = [*whole, *chosen[Kind.PAUSE][:turns]]
    plan = [
        {"name": f"{case.kind.value}-{case.name}", "first": _wav(folder, case), "second": "", "at": 0.0}
        for case in cases
    ]
    by_name = {entry["name"]: case for entry, case in zip(plan, cases, strict=True)}
    half = turns // 2 or 1
    for index, over in enumerate([*chosen[Kind.INTERRUPTION][:half], *chosen[Kind.BACKCHANNEL][:half]]):
        asked = whole[index % len(whole)]
        assert over.onset is not None and over.end is not None
        said = replace(over, pcm=over.pcm[over.onset : over.end])
        name = f"{over.kind.value}-{over.name}"
        entry = {"name": name, "first": _wav(folder, asked), "second": _wav(folder, said)}
        plan.append(entry | {"at": INTO_THE_REPLY, "asked": plan[index % len(whole)]["name"]})
        by_name[name] = said
    for entry in plan:
        entry |= {"longest": LONGEST, "watched": WATCHED}
    return plan, by_name


def _wav(folder: Path, case: Case) -> str:
    """Its sound; of the room after the user's end only a little, since silence is pushed then."""
    path = folder / f"{case.kind.value}-{case.name}.wav"
    end = case.pcm.size if case.end is None else min(case.pcm.size, case.end + samples(0.3))
    write_wav(path, case.pcm[:end], USER_SAMPLE_RATE)
    return str(path)


@contextmanager
def served(configuration: Configuration) -> Iterator[int]:
    """llama.cpp's OpenAI-compatible server with the configuration's model; gives its process id."""
    model = configuration.language_model
    code = (
        "import sys, time, xllamacpp as x\n"
        "p = x.CommonParams(); p.model.path = sys.argv[1]; p.n_ctx = 2048; p.n_parallel = 1\n"
        "p.cpuparams.n_threads = p.cpuparams_batch.n_threads = int(sys.argv[2])\n"
        "p.cpuparams.poll = p.cpuparams_batch.poll = 0; p.verbosity = -1; p.ui = False\n"
        "p.hostnames = ['127.0.0.1']; p.port = int(sys.argv[3]); p.api_keys = [sys.argv[4]]\n"
        "server = x.Server(p); print(server.listening_address, flush=True)\n"
        "while True: time.sleep(1)\n"
    )
    arguments = [str(model.model), str(getattr(model, "threads", 1)), str(PORT), KEY]
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            raise SystemExit("llama.cpp's server didn't start")
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


def measure(
    plan: list[dict[str, Any]], cases: dict[str, Case], results: list[dict[str, Any]]
) -> dict[str, Any]:
    """What came of one system's half."""
    waits: list[float] = []
    rows: dict[str, list[bool]] = {"answered": [], "pause": [], "stopped": [], "kept": []}
    delays: list[float] = []
    lengths = {result["name"]: _length(result["sounded"]) for result in results}
    for entry, result in zip(plan, results, strict=True):
        case = cases[entry["name"]]
        begins = [begin for begin, _ in result["sounded"]]
        if case.kind in (Kind.COMPLETE, Kind.PAUSE):
            assert case.end is not None
            end = case.end / USER_SAMPLE_RATE
            after = [begin for begin in begins if begin >= end]
            if case.kind is Kind.COMPLETE:
                rows["answered"].append(bool(after))
                waits += [after[0] - end] if after else []
            else:
                pause = case.pauses[0][0] / USER_SAMPLE_RATE
                rows["pause"].append(any(pause <= begin < end for begin in begins))
            continue
        if result["second_at"] is None:
            continue  # the agent never spoke: nothing to interrupt
        ends = result["sounded"][0][0] + lengths[entry["asked"]]  # had nobody spoken
        if ends < result["second_at"] + case.seconds / 2:
            continue  # too short a reply to say anything over
        stopped = _stopped(result["sounded"], result["second_at"], ends)
        if case.kind is Kind.INTERRUPTION:
            rows["stopped"].append(stopped is not None)
            delays += [] if stopped is None else [stopped]
        else:
            rows["kept"].append(stopped is None)
    minutes = sum(one["seconds"] for one in results) / 60
    return {
        "voice_to_voice_s": _spread(waits),
        "answered": _share(rows["answered"]),
        "takes_the_floor_in_a_pause": _share(rows["pause"]),
        "stops_for_an_interruption": _share(rows["stopped"]),
        "onset_to_stopped_s": _spread(delays),
        "keeps_speaking_over_a_backchannel": _share(rows["kept"]),
        "cpu_seconds_a_minute": round(sum(one["cpu"] for one in results) / minutes, 1),
        "language_model_server_cpu_seconds_a_minute": round(
            sum(one["served_cpu"] for one in results) / minutes, 1
        ),
        "minutes": round(minutes, 2),
    }


def _length(sounded: list[tuple[float, float]]) -> float:
    """Seconds from a reply's first sound to its last."""
    return sum(sounded[-1]) - sounded[0][0] if sounded else 0.0


def _stopped(sounded: list[tuple[float, float]], since: float, ends: float) -> float | None:
    """Seconds from ``since`` to the last sound before a gap; None if it went on to where it ``ends``."""
    talk = [(begin, begin + seconds) for begin, seconds in sounded if begin + seconds >= since]
    if not talk:
        return 0.0
    for (_, end), (begin, _) in itertools.pairwise(talk):
        if begin - end >= STOPPED:
            return max(0.0, end - since)
    last = talk[-1][1]
    return max(0.0, last - since) if last < ends - STOPPED else None


def _share(hits: list[bool]) -> dict[str, Any]:
    if not hits:
        return {"share": None, "of": 0}
    low, high = wilson(sum(hits), len(hits))
    return {
        "share": round(sum(hits) / len(hits), 3),
        "of": len(hits),
        "interval": [round(low, 3), round(high, 3)],
    }


def _spread(values: list[float]) -> dict[str, Any]:
    if not values:
        return {"median": None, "of": 0}
    return {
        "median": round(float(np.median(values)), 3),
        "p95": round(float(np.percentile(values, 95)), 3),
        "of": len(values),
    }


def main() -> None:
    """Run both and write the JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=10, help="whole sentences, and sentences with a pause")
    parser.add_argument("--pipecat", type=Path, default=Path("out/pipecat/bin/python"))
    parser.add_argument("--policy", default="fused", help="of visavis bench turns, for our side")
    parser.add_argument("--config", default="default")
    parser.add_argument("--only", choices=("pipecat", "ours"), help="one side, kept beside an earlier run's")
    parser.add_argument("--out", type=Path, default=Path("out/bench/pipecat.json"))
    options = parser.parse_args()
    if not options.pipecat.is_file():
        parser.error(f"{options.pipecat}: no such Python; make Pipecat's environment as the description says")
    configuration = read_configuration(options.config, options.policy)
    persona = configuration.persona
    folder = options.out.parent / "pipecat"
    plan, cases = plan_cases(folder, options.turns)
    system = Dialogue(persona, token_budget=configuration.session.dialogue_tokens).messages()[0].content
    voice = Path(configuration.synthesizer.model)
    everything = {
        "cases": plan,
        "config": options.config,
        "policies": options.policy,
        "settle": SETTLE,
        "over_after": OVER_AFTER,
        "recognizer": str(configuration.recognizer.model),
        "voice": voice.stem,
        "voice_folder": str(voice.parent),
        "system": system,
        "key": KEY,
        "base_url": f"http://127.0.0.1:{PORT}/v1",
        "temperature": 0.0,
        "max_tokens": persona.max_tokens,
    }
    report = json.loads(options.out.read_text()) if options.only and options.out.is_file() else {}
    scripts = {"pipecat": [str(options.pipecat), "benchmarks/_pipecat_side.py"]}
    scripts["ours"] = [sys.executable, "-m", "benchmarks._our_side"]
    for side in [options.only] if options.only else ["pipecat", "ours"]:
        began, load = time.strftime("%H:%M"), os.getloadavg()[0]
        results = folder / f"{side}.json"
        with served(configuration) as pid:
            (folder / "plan.json").write_text(json.dumps(everything | {"pid": pid}))
            subprocess.run([*scripts[side], str(folder / "plan.json"), str(results)], check=True)
        measured = measure(plan, cases, json.loads(results.read_text()))
        report[side] = measured | {"began": began, "load_before": round(load, 2)}
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
