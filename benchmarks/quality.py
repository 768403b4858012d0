"""How good the face is on speech it never heard: every row of `visavis evaluate quality`, and its cost.

    python -m benchmarks.quality [--animator streaming] [--against procedural] [--out out/bench/quality.json]

Material: the test prompts and voices of the bank that `visavis corpus bank` makes. ``--clip DIR`` and
``--flame-map DIR`` add a recorded conversation. Pictures go beside the report, into ``quality/``.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from pathlib import Path

from avatar import load_animator
from avatar.evaluation.quality import Measured, QualityError, QualityOptions, compare, evaluate, gather
from avatar.evaluation.quality.ceiling import ceiling_rows
from avatar.evaluation.quality.plots import draw_all
from avatar.evaluation.quality.report import as_dict, write_csv, write_json
from avatar.retarget.flame_map import RetargetError, load_flame_map
from avatar.training.dyads.bank import BankError
from orchestration.corpus.making import default_folder


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--animator", default="streaming")
    parser.add_argument("--against", default="procedural")
    parser.add_argument("--bank", type=Path, default=default_folder())
    parser.add_argument("--minutes", type=float, default=12.0, help="of conversation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clip", type=Path, help="folder of a recorded conversation")
    parser.add_argument(
        "--flame-map", type=Path, help="from ARKit to FLAME, rows in MediaPipe's order if unnamed"
    )
    parser.add_argument("--out", type=Path, default=Path("out/bench/quality.json"))
    options = parser.parse_args()
    try:
        flame_map = load_flame_map(options.flame_map, "mediapipe") if options.flame_map else None
        material = gather(options.bank, options.clip, flame_map)
    except (BankError, QualityError, RetargetError) as error:
        raise SystemExit(str(error)) from error
    chosen = QualityOptions(minutes=options.minutes, seed=options.seed)
    measured: list[Measured] = []
    seconds: dict[str, float] = {}
    for name in (options.animator, options.against):
        animator = load_animator(name)
        start = time.perf_counter()
        measured.append(evaluate(name, animator, material, chosen))
        seconds[name] = round(time.perf_counter() - start, 1)
    first, second = measured
    best = ceiling_rows(material, options.seed)
    comparison = compare(first.name, first.rows, second.name, second.rows, best)
    report = as_dict(comparison, material.summary, material.missing)
    report["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    report["frames_of_each"] = first.frames
    report["seconds"] = seconds
    write_json(options.out, report)
    write_csv(options.out.with_suffix(".csv"), comparison)
    draw_all(options.out.with_suffix(""), comparison, measured)
    print(options.out.read_text())


if __name__ == "__main__":
    main()
