"""What the streaming animator costs: a frame, 1 to 64 slots, an hour of stream; official DualTalk beside it.

    python -m benchmarks.streaming [--threads 1] [--hour] [--compile] [--out out/bench/streaming.json]

Time and operations of a frame for one face and for slots that all have a new frame, with the package's
weights. Official DualTalk has random weights at its real sizes and runs once over
its window, in the same run on the same threads. Writes the figures and ``streaming.png``, cost against slots.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import psutil
import torch
from torch.utils.flop_counter import FlopCounterMode

from avatar import FRAME_SAMPLES, load_animator
from avatar.animator import FloatArray
from avatar.streaming.animator import StreamingAnimator
from avatar.streaming.checkpoint import load
from avatar.streaming.stepper import Stepper
from benchmarks.dualtalk_cost import window_cost

SLOTS = (1, 2, 4, 8, 16, 25, 32, 48, 64)
FRAMES = 250  # measured, of each
HOUR = 90_000  # frames


def sound(frames: int) -> FloatArray:
    """A voice that comes and goes: noise in bursts, float32 (frames, 640)."""
    rng = np.random.default_rng(3)
    loud = np.repeat(rng.random(frames // 25 + 1) < 0.6, 25)[:frames, None]
    return (0.1 * loud * rng.standard_normal((frames, FRAME_SAMPLES))).astype(np.float32)


def bank(animator: StreamingAnimator, slots: int) -> dict[str, float]:
    """Milliseconds a frame of a bank whose slots all have one."""
    frames = sound(FRAMES + 100)
    mask = np.ones(slots, np.bool_)
    times = []
    with animator.open_slots(slots) as opened:
        for frame in range(FRAMES + 20):
            rows = (frame + 7 * np.arange(slots)) % FRAMES
            ahead = np.stack([frames[row + 1 : row + 1 + opened.look_ahead] for row in rows])
            start = time.perf_counter()
            opened.step(mask, frames[rows], frames[(rows + 90) % FRAMES], None, ahead)
            times.append(1e3 * (time.perf_counter() - start))
    measured = np.array(times[20:])
    return {
        "median_ms": float(np.median(measured)),
        "p95_ms": float(np.percentile(measured, 95)),
        "ms_a_slot": float(np.median(measured)) / slots,
    }


def step_ms(stepper: Stepper) -> float:
    """Milliseconds of the model's part of a frame, the least of many: what nothing else disturbed."""
    sound_, everyone = torch.zeros(stepper.slots, FRAME_SAMPLES), torch.ones(stepper.slots, dtype=torch.bool)
    motion, style = torch.zeros_like(stepper.state.own), torch.zeros(stepper.slots, 4)
    times = []
    for _ in range(FRAMES + 20):
        start = time.perf_counter()
        stepper.step(
            everyone,
            everyone,
            sound_,
            sound_,
            motion,
            everyone,
            style,
            lambda onset, *_: torch.zeros_like(onset),
        )
        times.append(1e3 * (time.perf_counter() - start))
    return min(times[20:])


def compiled() -> dict[str, float]:
    """The model's part of one face's frame as it is, and after ``torch.compile`` of all four modules."""
    model = load()
    with model.streaming(1) as stepper:
        eager = step_ms(stepper)
        start = time.perf_counter()
        for module, name in (
            (model.joint_encoder, "forward"),
            (model.temporal_enhancer, "step"),
            (model.interaction_module, "step"),
            (model.synthesis_module, "forward"),
        ):
            setattr(module, name, torch.compile(getattr(module, name), dynamic=False))
        step_ms(stepper)
        took = time.perf_counter() - start
        return {"eager_ms": eager, "compiled_ms": step_ms(stepper), "compiling_s": took}


def operations() -> int:
    """Floating-point operations of one frame of one face, the model's part."""
    model = load()
    counter = FlopCounterMode(display=False)
    everyone = torch.ones(1, dtype=torch.bool)
    with model.streaming(1) as stepper, counter:
        stepper.step(
            everyone,
            everyone,
            torch.zeros(1, FRAME_SAMPLES),
            torch.zeros(1, FRAME_SAMPLES),
            torch.zeros(1, model.config.motion_dim),
            everyone,
            torch.zeros(1, 4),
            lambda onset, side, since: torch.zeros_like(onset),
        )
    return int(counter.get_total_flops())


def state_bytes() -> float:
    """Bytes of streaming state a slot."""
    with load().streaming(8) as stepper:
        return stepper.state.nbytes() / 8


def hour(animator: StreamingAnimator) -> dict[str, float]:
    """Memory after the first minute of a stream and after the whole hour, MB; real-time factor."""
    frames = sound(2_000)
    memory = []
    start = time.perf_counter()
    with animator.stream() as face:
        for frame in range(HOUR):
            at = frame % 1_900
            face.step(
                frames[at], frames[(at + 90) % 1_900], None, frames[at + 1 : at + 1 + animator.look_ahead]
            )
            if frame in (1_500, HOUR - 1):
                memory.append(psutil.Process().memory_info().rss / 2**20)
    return {
        "mb_after_a_minute": memory[0],
        "mb_after_an_hour": memory[1],
        "real_time_factor": (time.perf_counter() - start) / (HOUR / 25),
    }


def plot(slots: dict[int, dict[str, float]], path: Path) -> None:
    """Milliseconds a frame against slots, with the 40 ms that there are."""
    figure, axis = plt.subplots(figsize=(6, 3.6))
    axis.plot(list(slots), [row["median_ms"] for row in slots.values()], "o-", label="median")
    axis.plot(
        list(slots), [row["p95_ms"] for row in slots.values()], "o--", alpha=0.6, label="95th percentile"
    )
    axis.axhline(40, color="0.6", linewidth=1)
    axis.text(1, 41, "a frame lasts 40 ms", color="0.4", fontsize=8)
    axis.set(xlabel="faces", ylabel="ms a frame for all of them", xlim=(0, None), ylim=(0, None))
    axis.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--hour", action="store_true", help="also stream for an hour of conversation")
    parser.add_argument("--compile", action="store_true", help="also try torch.compile; needs g++")
    parser.add_argument("--out", type=Path, default=Path("out/bench/streaming.json"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    animator = load_animator("streaming")
    assert isinstance(animator, StreamingAnimator)
    official = window_cost(repeats=1, threads=options.threads)
    slots = {count: bank(animator, count) for count in SLOTS}
    ours = operations()
    report: dict[str, object] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}",
        "threads": options.threads,
        "slots": slots,
        "mflop_a_frame": ours / 1e6,
        "state_kb_a_slot": state_bytes() / 1024,
        "official": official,
        "operations_official_over_ours": float(str(official["pass_gflop"])) * 1e9 / ours,
        "time_official_over_ours": float(str(official["pass_ms"])) / slots[1]["median_ms"],
    }
    if options.compile:
        report["compile"] = compiled()
    if options.hour:
        report["hour"] = hour(animator)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    plot(slots, options.out.with_suffix(".png"))
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
