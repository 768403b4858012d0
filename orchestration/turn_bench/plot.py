"""The picture of a run: a panel a measure, a bar a policy and column, and the line that is aimed at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from orchestration.turn_bench.case import Column
from orchestration.turn_bench.measures import MEASURES, Measure, Unit
from orchestration.turn_bench.report import Results, target_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN: Final = (
    "takeover_in_pause",
    "takeover_at_end",
    "decision",
    "first_sound",
    "kept_over_backchannel",
    "stopped_for_interruption",
    "stop_delay",
    "stopped_by_echo",
    "kept_over_side_talk",
    "kept_over_noise",
)
COLOURS: Final = {
    Column.HUMAN: "#2f6f9f",
    Column.SYNTHETIC: "#d9914a",
    Column.NEURAL: "#5d9b63",
    Column.SOUND: "#8a8a8a",
}


def draw(path: Path, results: Results) -> None:
    """Draw ``results`` as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.patches import Patch

    measures = [measure for measure in MEASURES if measure.key in SHOWN]
    rows = -(-len(measures) // 2)
    size = (12, 1.0 + (0.75 + 0.38 * len(results)) * rows)
    figure, panels = plt.subplots(rows, 2, figsize=size, layout="constrained", squeeze=False)
    for panel, measure in zip(panels.flat, measures, strict=False):
        _panel(panel, measure, results)
    for panel in panels.flat[len(measures) :]:
        panel.set_visible(False)
    there = {one.column for outcomes in results.values() for one in outcomes}
    keys = [Patch(color=colour, label=one.value) for one, colour in COLOURS.items() if one in there]
    figure.legend(handles=keys, loc="outside lower right", ncols=len(COLOURS), frameon=False)
    figure.suptitle("Turn-taking: 95 % intervals; dashed: what is aimed at", x=0.01, ha="left", weight="bold")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _panel(axes: Axes, measure: Measure, results: Results) -> None:
    scale = 100 if measure.unit is Unit.SHARE else 1
    columns = [one for one in COLOURS if any(measure.of(each, one).count for each in results.values())]
    thick = 0.8 / max(1, len(columns))
    for index, outcomes in enumerate(results.values()):
        for number, column in enumerate(columns):
            found = measure.of(outcomes, column)
            if found.value is None or found.low is None or found.high is None:
                continue
            value = scale * found.value
            spread = [[max(0.0, value - scale * found.low)], [max(0.0, scale * found.high - value)]]
            axes.barh(
                index + (number + 0.5) * thick - 0.4,
                value,
                thick * 0.92,
                color=COLOURS[column],
                xerr=spread,
                error_kw={"ecolor": "#333333", "elinewidth": 0.8, "capsize": 2},
            )
    aim = target_of(measure)
    title = f"{measure.what.removeprefix('- ')}{f' ({aim})' if aim else ''}"
    axes.set_title(title, fontsize=9, loc="left")
    axes.set_yticks(range(len(results)), list(results), fontsize=8)
    axes.invert_yaxis()
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel("%" if measure.unit is Unit.SHARE else measure.unit.value, fontsize=8)
    axes.set_xlim(0, 100 if measure.unit is Unit.SHARE else None)
    axes.spines[["top", "right"]].set_visible(False)
    if measure.target is not None:
        axes.axvline(scale * measure.target, color="#aa2222", linestyle="--", linewidth=1)
