"""What official DualTalk costs live: one pass over its 8 s window at real sizes, with random weights.

    python -m benchmarks.dualtalk_cost [--threads 1] [--repeats 2] [--out out/bench/dualtalk_cost.json]

Operations are counted by torch (a multiplication with its addition is two). A pass for every frame is the
sliding window proper; a pass every n frames costs an n-th a frame. Takes 2.6 GB and some seconds a pass.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from avatar.animator import FRAME_SAMPLES
from avatar.config import WindowOptions
from avatar.dualtalk import DualTalk

STEPS = (1, 2, 5, 25)  # frames between passes; the animator's default is 2


def inputs(device: str, frames: int) -> list[torch.Tensor]:
    """Noise for one window: both sides' sound and the user's motion."""
    with torch.device(device):
        sounds = [0.1 * torch.randn(1, frames * FRAME_SAMPLES) for _ in range(2)]
        return [*sounds, torch.randn(1, frames, 56)]


def operations(frames: int) -> int:
    """Floating-point operations of one pass, counted without doing them.

    On the meta device recurrence falls apart into products that torch counts, as it doesn't elsewhere.
    """
    with torch.device("meta"):
        model = DualTalk().eval()
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        model(*inputs("meta", frames))
    return int(counter.get_total_flops())


def random_model() -> DualTalk:
    """The official sizes, filled from one small random table: drawing 650 M numbers would take longer."""
    with torch.device("meta"):
        model = DualTalk()
    model = model.eval().to_empty(device="cpu")
    table = 0.02 * torch.randn(1_000_003, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for weight in model.parameters():
            for part in torch.split(weight.view(-1), len(table)):
                part.copy_(table[: len(part)])
    return model


def window_cost(repeats: int = 2, threads: int | None = None) -> dict[str, object]:
    """Cost of the sliding window on the CPU: operations a pass and a frame, and median milliseconds.

    ``threads`` is set for torch during the measurement, None leaves it as it is.
    """
    before = torch.get_num_threads()
    frames = WindowOptions().window_frames
    model, window = random_model(), inputs("cpu", frames)
    times, work = [], []
    torch.set_num_threads(threads or before)
    try:
        with torch.inference_mode():
            for _ in range(1 + repeats):
                start, spent = time.perf_counter(), time.process_time()
                made = model(*window)
                times.append(1e3 * (time.perf_counter() - start))
                work.append(1e3 * (time.process_time() - spent))
        if not torch.isfinite(made).all():
            raise FloatingPointError("the pass made numbers that aren't finite; its time means nothing")
        used = torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
    pass_ms, cpu_ms, count = float(np.median(times[1:])), float(np.median(work[1:])), operations(frames)
    return {
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "window_s": frames * 0.04,
        "threads": used,
        "pass_gflop": count / 1e9,
        "pass_ms": pass_ms,
        "pass_ms_all": times[1:],
        "pass_cpu_ms": cpu_ms,  # all threads together; unlike the time, not the neighbours'
        "by_frames_between_passes": {
            step: {
                "gflop_a_frame": count / step / 1e9,
                "ms_a_frame": pass_ms / step,
                "cpu_ms_a_frame": cpu_ms / step,
            }
            for step in STEPS
        },
    }


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--threads", type=int, help="torch's threads; its own choice without")
    parser.add_argument("--repeats", type=int, default=2, help="passes timed, after one that isn't")
    parser.add_argument("--out", type=Path, default=Path("out/bench/dualtalk_cost.json"))
    options = parser.parse_args()
    report = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"torch {torch.__version__}",
        **window_cost(options.repeats, options.threads),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
