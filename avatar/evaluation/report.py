"""An evaluation on paper: one CSV for reading clip by clip, one JSON for programs, lines for a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from avatar.evaluation.evaluate import Evaluation
from avatar.evaluation.parts import PARTS
from avatar.evaluation.score import METRICS

REFERENCE_SID = {"sid": "sid_swapped", "sid_mean_removed": "sid_swapped_mean_removed"}


def table_lines(found: Evaluation, *, swapped_sid: bool = False) -> Iterator[tuple[str, str, list[str]]]:
    """Title, what is best, and each system's ``exp / jaw / pose``, in the factors of the papers' tables.

    With ``swapped_sid`` the rows called SID are the reference's, clusters fitted on the prediction.
    """
    for metric, about in METRICS.items():
        if not any(
            found.mean(system, metric, part) is not None for system in found.systems for part in PARTS
        ):
            continue
        shown = _shown(metric, swapped_sid)
        cells = []
        for system in found.systems:
            values = [found.mean(system, shown, part) for part in PARTS]
            cells.append(
                " / ".join(
                    "-" if value is None else f"{value * factor:.2f}"
                    for value, factor in zip(values, about.factors, strict=True)
                )
            )
        yield about.title + _factors(about.factors), about.best, cells


def _shown(metric: str, swapped_sid: bool) -> str:
    if not swapped_sid:
        return metric
    both = REFERENCE_SID | {swapped: plain for plain, swapped in REFERENCE_SID.items()}
    return both.get(metric, metric)


def _factors(factors: tuple[float, float, float]) -> str:
    if factors == (1.0, 1.0, 1.0):
        return ""
    shown = factors[:1] if len(set(factors)) == 1 else factors
    return " x" + " / ".join(f"{factor:g}" for factor in shown)


def write_csv(found: Evaluation, path: Path) -> None:
    """One line a clip, system, metric and part, as measured (no factors); NaN is an empty value."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["clip", "system", "metric", "part", "value"])
        for row in found.rows:
            for metric, parts in row.scores.items():
                for part, value in parts.items():
                    writer.writerow(
                        [row.clip, row.system, metric, part, repr(value) if np.isfinite(value) else ""]
                    )


def write_json(found: Evaluation, path: Path, about: Mapping[str, object]) -> None:
    """Means over clips by system, metric and part, the clips' names, and whatever ``about`` says of the
    run.
    """
    means = {
        system: {
            metric: {part: found.mean(system, metric, part) for part in PARTS}
            for metric in METRICS
            if any(found.mean(system, metric, part) is not None for part in PARTS)
        }
        for system in found.systems
    }
    content = {**about, "clips": found.clips, "means": means}
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")
