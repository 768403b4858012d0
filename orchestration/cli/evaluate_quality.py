"""``visavis evaluate quality``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from avatar.animator import Animator
    from avatar.evaluation.quality import Comparison, Material, Measured, QualityOptions, Row
    from avatar.evaluation.quality.compare import Pair

WIDTH = 170  # columns of the table where it isn't read on a terminal
FLAWED = 1  # exit code with --strict where a row misses its target


def quality(
    animator: Annotated[str, typer.Option(help="Which animator is measured.")] = "streaming",
    against: Annotated[
        str, typer.Option(help="Which one it is held against; none measures it alone.")
    ] = "procedural",
    bank: Annotated[
        Path | None,
        typer.Option(help="Bank of aligned utterances; the default one is what corpus bank makes."),
    ] = None,
    clip: Annotated[
        Path | None,
        typer.Option(
            help="Recorded conversation: a folder of NAME_speaker1.wav, NAME_speaker2.wav, NAME_speaker1.npz."
        ),
    ] = None,
    flame_map: Annotated[
        Path | None, typer.Option(help="Your map from ARKit's shapes to FLAME, for FD of expression and jaw.")
    ] = None,
    flame_order: Annotated[
        Literal["mediapipe", "arkit"], typer.Option(help="Order of the rows of a map that doesn't name them.")
    ] = "mediapipe",
    checkpoint: Annotated[
        Path | None, typer.Option(help="Weights of the measured animator, instead of its own.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.5, help="Length of the conversation, minutes.")] = 12.0,
    a_voice: Annotated[
        int, typer.Option(min=1, help="Most utterances of each held-out synthetic voice.")
    ] = 40,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the faces and of the shifts in time.")] = 0,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for quality.json, quality.csv and the pictures.")
    ] = Path("out/quality"),
    ceiling: Annotated[
        bool, typer.Option(help="Also measure the face that models learn from, which is told the phones.")
    ] = True,
    plots: Annotated[bool, typer.Option(help="Draw the pictures.")] = True,
    strict: Annotated[bool, typer.Option(help="Exit with 1 if a row misses its target.")] = False,
) -> None:
    """Measure how good a face is, on speech it was never trained on, beside another animator.

    Lips on /p b m/, vowels, silence and lag on held-out human prompts and voices; nods, blinks, gaze, head,
    responsiveness and role switches in a conversation; and, with a clip, nearness to a recorded face.
    """
    from rich.console import Console

    from avatar.evaluation.quality import QualityOptions, compare, gather
    from avatar.evaluation.quality.ceiling import ceiling_rows
    from avatar.evaluation.quality.report import as_dict, write_csv, write_json
    from avatar.registry import load_animator
    from avatar.retarget.flame_map import load_flame_map
    from orchestration.corpus.making import default_folder

    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    faces = [(animator, load_animator(animator, **({"checkpoint": checkpoint} if checkpoint else {})))]
    if against not in ("none", animator):
        faces.append((against, load_animator(against)))
    loaded = None if flame_map is None else load_flame_map(flame_map, flame_order)
    material = gather(bank or default_folder(), clip, loaded, a_voice)
    options = QualityOptions(minutes=minutes, seed=seed)
    measured = [_measure(console, name, face, material, options) for name, face in faces]
    best = ceiling_rows(material, seed) if ceiling else []
    if len(measured) > 1:
        comparison = compare(animator, measured[0].rows, against, measured[1].rows, best)
    else:
        comparison = compare(animator, measured[0].rows, ceiling=best)
    write_json(out / "quality.json", as_dict(comparison, material.summary, material.missing))
    write_csv(out / "quality.csv", comparison)
    show(console, comparison, material)
    if plots:
        from avatar.evaluation.quality.plots import draw_all

        draw_all(out, comparison, measured)
    console.print(f"written to {out}", highlight=False, soft_wrap=True)
    if strict and (comparison.missed or (comparison.against and not comparison.no_worse)):
        raise typer.Exit(FLAWED)


def show(console: Console, comparison: Comparison, material: Material) -> None:
    """The table, what couldn't be measured, and the sum."""
    from rich.table import Table

    from avatar.evaluation.quality.ceiling import NAME

    table = Table("what", "target", comparison.animator, box=None, pad_edge=False)
    if comparison.against is not None:
        table.add_column(comparison.against)
        table.add_column("")
    told = any(pair.ceiling is not None for pair in comparison.pairs)
    if told:
        table.add_column(NAME)
    section = ""
    for pair in comparison.pairs:
        if pair.row.section != section:
            section = pair.row.section
            table.add_row(f"[bold]{section}[/]")
        _add(table, pair, comparison.against is not None)
    console.print(table)
    for sentence in material.missing:
        console.print(f"[yellow]not measured[/]: {sentence}", highlight=False, soft_wrap=True)
    reached = [pair.met for pair in comparison.pairs if pair.met is not None]
    line = f"{comparison.animator}: {sum(reached)} of {len(reached)} targets reached"
    if comparison.against is not None:
        counts = ", ".join(f"{count} {verdict}" for verdict, count in comparison.counts.items() if count)
        line += f"; against {comparison.against}: {counts.replace(' -', ' not compared')}"
    console.print(line, highlight=False, soft_wrap=True)


def _add(table: Table, pair: Pair, two: bool) -> None:
    from avatar.evaluation.quality.compare import Verdict
    from avatar.evaluation.quality.row import written

    colours = {Verdict.BETTER: "green", Verdict.WORSE: "bold red"}
    cells = [f"  {pair.row.what}", pair.row.target.text, _cell(pair.row, pair.met)]
    if two:
        cells.append("-" if pair.other is None else _cell(pair.other, pair.other.met))
        colour = colours.get(pair.verdict, "default")
        cells.append(f"[{colour}]{pair.verdict}[/]")
    if pair.ceiling is not None:
        cells.append(written(pair.ceiling.value, pair.ceiling.unit))
    table.add_row(*cells)


def _cell(row: Row, met: bool | None) -> str:
    """Value, interval and how many, in green where the target is reached and in red where it is missed."""
    from avatar.evaluation.quality.row import written

    if row.value is None:
        return f"[{'red' if row.failed else 'yellow'}]{row.why}[/]"
    text = written(row.value, row.unit)
    if row.interval is not None:
        low, high = (written(end, row.unit).removesuffix(row.unit.value).strip() for end in row.interval)
        text += f" ({low}..{high})"
    told = f"n={row.count}{', ' if row.note else ''}{row.note}"
    return f"[{'green' if met else 'red'}]{text}[/] {told}"


def _measure(
    console: Console, name: str, animator: Animator, material: Material, options: QualityOptions
) -> Measured:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from avatar.evaluation.quality import evaluate

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(name, total=None)
        return evaluate(
            name,
            animator,
            material,
            options,
            lambda what, done, of: bars.update(task, description=f"{name}: {what}", completed=done, total=of),
        )
