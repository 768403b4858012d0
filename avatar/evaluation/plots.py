"""Pictures of an evaluation: the measures system by system, and one clip's motion over time."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Final

import numpy as np

from avatar.animator import FRAME_RATE
from avatar.evaluation.evaluate import Evaluation, Example
from avatar.evaluation.parts import PARTS
from avatar.evaluation.score import METRICS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWN: Final = ("fd", "fd_mean_removed", "mse_mean_removed", "sid", "variance_ratio", "rpcc_mean_removed")
PART_TITLES: Final = {"exp": "expression", "jaw": "jaw", "pose": "head (neck)"}
TRUTH_COLOUR, BASELINE_COLOUR = "#222222", "#b8b8b8"
COLOURS: Final = ("#2a6fbb", "#c8553d", "#5b8c5a", "#c9a227", "#7d5ba6", "#3aa6a6")
BASELINES: Final = ("frozen mean", "truth")
CURVES: Final = (
    ("jaw opening\n(radians)", 50),
    ("first expression\n(coefficient)", 0),
    ("second expression\n(coefficient)", 1),
    ("neck, x\n(radians)", 53),
    ("neck, y\n(radians)", 54),
)
ROUNDING: Final = 1e-12  # smaller means are drawn as 0
LONGEST: Final = 30 * FRAME_RATE  # frames of a clip that are drawn


def draw_measures(found: Evaluation, path: Path, title: str) -> None:
    """Write a PNG of bars, one for each system, its mean over clips and the standard error where there are
    several.

    Rows are measures, columns are expression, jaw and pose. What is best is said beside each measure.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    drawn = [name for name in DRAWN if any(found.values(s, name, "exp") for s in found.systems)]
    figure, axes = plt.subplots(
        len(drawn), len(PARTS), figsize=(13, 2.1 * len(drawn) + 0.6), layout="constrained", squeeze=False
    )
    figure.suptitle(title, fontsize=12, x=0.01, ha="left", weight="bold")
    for row, metric in zip(axes, drawn, strict=True):
        for axis, part in zip(row, PARTS, strict=True):
            _bars(axis, found, metric, part)
        about = METRICS[metric]
        best = {"low": "low is better", "high": "high is better", "one": "1 is right"}.get(about.best, "")
        row[0].set_ylabel(f"{about.title}\n({best})", fontsize=9)
    for axis, part in zip(axes[0], PARTS, strict=True):
        axis.set_title(PART_TITLES[part], fontsize=10)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _bars(axis: Axes, found: Evaluation, metric: str, part: str) -> None:
    for place, system in enumerate(found.systems):
        values = found.values(system, metric, part)
        if not values:
            continue
        error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
        mean = float(np.mean(values))
        axis.bar(place, mean, color=_colours(found.systems)[place], width=0.75)
        if error:
            axis.errorbar(place, mean, error, color="#444444", linewidth=1)
        shown = f"{mean:.3g}" if mean > ROUNDING else "0"
        top = (place, max(mean + error, 0.0))
        axis.annotate(shown, top, (0, 1), textcoords="offset points", ha="center", va="bottom", fontsize=7)
    axis.margins(y=0.18)
    if METRICS[metric].best == "one":
        axis.axhline(1.0, color=TRUTH_COLOUR, linewidth=0.8, linestyle=":")
    names = [
        "\n".join(fill(part, 8, break_long_words=False) for part in system.split(", "))
        for system in found.systems
    ]
    axis.set_xticks(range(len(names)), names, fontsize=6.5)
    axis.tick_params(axis="y", labelsize=7)
    axis.spines[["top", "right"]].set_visible(False)


def draw_motion(example: Example, path: Path, title: str) -> None:
    """Write a PNG of one clip's first 30 seconds: jaw, two expressions and the neck, the truth in black."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    frames = min(len(example.truth), LONGEST)
    seconds = np.arange(frames) / FRAME_RATE
    systems = [name for name in example.predictions if name not in BASELINES]
    figure, axes = plt.subplots(len(CURVES), 1, figsize=(13, 9), sharex=True, layout="constrained")
    figure.suptitle(title, fontsize=12, x=0.01, ha="left", weight="bold")
    for axis, (name, column) in zip(axes, CURVES, strict=True):
        axis.plot(seconds, example.truth[:frames, column], color=TRUTH_COLOUR, linewidth=1.4, label="truth")
        for system, colour in zip(systems, _colours(systems), strict=True):
            motion = example.predictions[system][:frames, column]
            axis.plot(seconds, motion, color=colour, linewidth=0.9, label=system, alpha=0.9)
        axis.axhline(
            float(example.truth[:, column].mean()), color=BASELINE_COLOUR, linewidth=0.8, label="frozen mean"
        )
        axis.set_ylabel(name, fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1].set(xlabel="seconds", xlim=(0, frames / FRAME_RATE))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper right", ncols=len(labels), fontsize=8, frameon=False)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _colours(systems: list[str]) -> list[str]:
    """One colour each, the baselines grey, the same in every picture."""
    own = [system for system in systems if system not in BASELINES]
    return [
        BASELINE_COLOUR
        if system == "frozen mean"
        else TRUTH_COLOUR
        if system == "truth"
        else COLOURS[own.index(system) % len(COLOURS)]
        for system in systems
    ]
