"""Pictures of a comparison: every row against its target, one prompt's mouth, a minute of listening."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from avatar import measures
from avatar.animator import FRAME_RATE, FRAME_SAMPLES, SAMPLE_RATE, FloatArray
from avatar.evaluation.quality.ceiling import NAME
from avatar.evaluation.quality.compare import Comparison, Verdict
from avatar.evaluation.quality.cues import cues
from avatar.evaluation.quality.evaluate import Measured
from avatar.evaluation.quality.lips import CLOSURES, SHUT
from avatar.evaluation.quality.row import Row, written
from avatar.evaluation.quality.script import SILENCE, Placed, frames_within
from avatar.motion import Column

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#c8553d", "#2a6fbb")  # the animator, the one it is held against
GREY = "#8a8a8a"
CEILING = "#2b9348"  # the face that is told the phones
LONGEST_PROMPT = 4.5  # s that still leave room for the phones' names
MARGIN = 0.4  # s drawn before and after the prompt


def draw_all(folder: Path, comparison: Comparison, measured: Sequence[Measured]) -> list[Path]:
    """Write rows.png, prompt.png and listening.png; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {
        "rows.png": _rows(comparison),
        "prompt.png": _prompt(measured),
        "listening.png": _listening(measured),
    }
    for name, figure in pictures.items():
        figure.savefig(folder / name, dpi=110)
    return [folder / name for name in pictures]


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _rows(comparison: Comparison) -> Figure:
    """One bar an animator for each row, 1 being the target."""
    pairs = comparison.pairs
    figure = _figure(12, 1.2 + 0.42 * len(pairs))
    axes = figure.subplots()
    two = comparison.against is not None
    height = 0.38 if two else 0.6
    for index, pair in enumerate(pairs):
        _bar(axes, pair.row, index - (height / 2 if two else 0), height, COLOURS[0])
        if pair.other is not None:
            _bar(axes, pair.other, index + height / 2, height, COLOURS[1])
        if pair.ceiling is not None and pair.ceiling.value is not None:
            best = pair.ceiling.target.score(pair.ceiling.value)
            axes.plot([best, best], [index - 0.4, index + 0.4], color=CEILING, linewidth=2)
        mark = {Verdict.BETTER: "+", Verdict.EQUAL: "=", Verdict.WORSE: "\u2212"}.get(pair.verdict, "")
        axes.text(2.42, index, mark, ha="center", va="center", weight="bold")
    axes.axvline(1, color="#333333", linewidth=1)
    axes.set(
        xlim=(0, 2.5), ylim=(len(pairs) - 0.4, -0.9), yticks=range(len(pairs)),
        yticklabels=[f"{pair.row.what}\n{pair.row.section}, {pair.row.target.text}" for pair in pairs],
        xlabel="value against target: at the line the target is just reached",
    )  # fmt: skip
    axes.tick_params(axis="y", labelsize=7, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    names = [comparison.animator, *([comparison.against] if comparison.against else [])]
    _legend(axes, names, any(pair.ceiling is not None for pair in pairs))
    return figure


def _bar(axes: Axes, row: Row, at: float, height: float, colour: str) -> None:
    score = 0.0 if row.value is None else row.target.score(row.value)
    axes.barh(at, score, height, color=colour, alpha=1.0 if row.met else 0.45)
    text = (row.why or "-") if row.value is None else written(row.value, row.unit)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
    axes.text(
        score + 0.02, at, text, va="center", fontsize=7, color=colour if row.met else "#333", bbox=paper
    )


def _legend(axes: Axes, names: Sequence[str], ceiling: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    shown: list[Artist] = [
        Patch(color=colour, label=name) for colour, name in zip(COLOURS, names, strict=False)
    ]
    if ceiling:
        shown.append(Line2D([], [], color=CEILING, linewidth=2, label=NAME))
    axes.legend(handles=shown, loc="lower right", bbox_to_anchor=(1, 1.0), ncols=3, frameon=False, fontsize=8)


def _prompt(measured: Sequence[Measured]) -> Figure:
    """Jaw and lip gap over one human prompt with its phones; /p b m/ shaded."""
    placed = _example(measured[0].recital.script.agent)
    figure = _figure(14, 7)
    sound, jaw, gap = figure.subplots(3, 1, sharex=True, height_ratios=[1, 1.4, 1.4])
    start, end = placed.first / FRAME_RATE - MARGIN, placed.last / FRAME_RATE + MARGIN
    _wave(sound, measured[0].recital.script.agent_pcm, start, end, GREY)
    figure.suptitle(f"\u201c{placed.utterance.text}\u201d ({placed.utterance.name})", fontsize=10)
    for phone in placed.phones:
        if phone.name == SILENCE:
            continue
        closes = phone.name in CLOSURES
        for axes in (sound, jaw, gap):
            axes.axvline(phone.start, color="#dddddd", linewidth=0.5)
            if closes:
                axes.axvspan(phone.start, phone.end, color="#f4d35e", alpha=0.6, linewidth=0)
        sound.text(
            (phone.start + phone.end) / 2, 0.97, phone.name, transform=sound.get_xaxis_transform(),
            ha="center", va="top", fontsize=7, weight="bold" if closes else "normal",
        )  # fmt: skip
    for one, colour in zip(measured, COLOURS, strict=False):
        motion = one.recital.motion
        times = (np.arange(len(motion)) + 0.5) / FRAME_RATE
        shown = (times > start) & (times < end)
        style = {"color": colour, "marker": "o", "markersize": 3, "linewidth": 1.2, "label": one.name}
        jaw.plot(times[shown], motion[shown, Column.jawOpen], **style)
        gap.plot(times[shown], measures.lip_gap(motion)[shown], **style)
    gap.axhline(SHUT, color="#333333", linewidth=0.7, linestyle=":")
    jaw.set(ylabel="jawOpen", ylim=(0, None))
    gap.set(ylabel="lip gap", xlabel="seconds", xlim=(start, end))
    jaw.legend(frameon=False, fontsize=8, loc="upper right")
    _bare((sound, jaw, gap))
    return figure


def _example(placed: Sequence[Placed]) -> Placed:
    """The utterance with most /p b m/ among those short enough to be read."""
    short = [item for item in placed if item.frames <= LONGEST_PROMPT * FRAME_RATE] or list(placed)
    return max(short, key=lambda item: sum(phone.name in CLOSURES for phone in item.phones))


def _listening(measured: Sequence[Measured]) -> Figure:
    """A minute of conversation: the partner's sound and cues, and what each head and lids do."""
    script = measured[0].conversation.script
    start = min(30.0, max(0.0, script.seconds - 60))
    end = min(start + 60, script.seconds)
    found = cues(script.user_pcm, script.user)
    figure = _figure(16, 2.2 + 2.4 * len(measured))
    axes = figure.subplots(1 + len(measured), 1, sharex=True, height_ratios=[1, *[1.5] * len(measured)])
    voices, heads = axes[0], axes[1:]
    _wave(voices, script.user_pcm, start, end, COLOURS[1])
    _wave(voices, script.agent_pcm, start, end, "#bbbbbb")
    voices.set_ylabel("partner (blue)\nagent (grey)")
    for one, axis, colour in zip(measured, heads, COLOURS, strict=False):
        motion = one.conversation.motion
        times = (np.arange(len(motion)) + 0.5) / FRAME_RATE
        shown = (times > start) & (times < end)
        axis.plot(times[shown], np.degrees(motion[shown, Column.headPitch]), color=colour, linewidth=1)
        nods = measures.nod_starts(measures.nod_cycles(motion)) / FRAME_RATE
        _points(axis, nods, start, end, 0.95, "v", colour)
        _points(axis, measures.blink_starts(motion) / FRAME_RATE, start, end, 0.06, "|", "#555555")
        low, high = axis.get_ylim()
        axis.set(
            ylabel=f"{one.name}:\nhead pitch\n(degrees,\nnods up)", ylim=(low, high + 0.15 * (high - low))
        )
    for axis in axes:
        for item in script.user:
            first, last = frames_within(*item.spoken)
            span = first / FRAME_RATE, (last + 1) / FRAME_RATE
            axis.axvspan(*span, color=COLOURS[1], alpha=0.07, linewidth=0)
        for times, mark in ((found.low_pitch, "#2b9348"), (found.phrase_ends, "#c9a227")):
            for time in times[(times > start) & (times < end)]:
                axis.axvline(time, color=mark, linewidth=0.8, alpha=0.8)
    voices.set_title(
        "shaded: the partner speaks; green: a stretch of low pitch begins; ochre: a phrase ends; "
        "triangles: nods; strokes: blinks",
        fontsize=9,
    )
    axes[-1].set(xlabel="seconds", xlim=(start, end))
    _bare(axes)
    return figure


def _points(
    axis: Axes, times: NDArray[np.float64], start: float, end: float, height: float, mark: str, colour: str
) -> None:
    inside = times[(times > start) & (times < end)]
    axis.plot(inside, np.full(len(inside), height), mark, color=colour, transform=axis.get_xaxis_transform())


def _wave(axis: Axes, pcm: FloatArray, start: float, end: float, colour: str) -> None:
    first = max(0, int(start * SAMPLE_RATE))
    piece = pcm[first : int(end * SAMPLE_RATE)]
    hop = FRAME_SAMPLES // 8
    rows = piece[: len(piece) - len(piece) % hop].reshape(-1, hop)
    times = first / SAMPLE_RATE + np.arange(len(rows)) * hop / SAMPLE_RATE
    axis.fill_between(times, rows.min(axis=1), rows.max(axis=1), color=colour, linewidth=0)
    axis.set(yticks=[])


def _bare(axes: Sequence[Axes]) -> None:
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.yaxis.label.set(rotation=0, ha="right", va="center", fontsize=9)
