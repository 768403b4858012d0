"""``visavis evaluate``: motion against a recorded truth, and the commands beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer.core import TyperCommand, TyperGroup

from orchestration.cli.evaluate_quality import quality

if TYPE_CHECKING:
    from typing import Any

    from rich.console import Console

    from avatar.evaluation import Evaluation, System
    from avatar.retarget import FlameRetargeting

CONTEXTS = (0, 1, 3, 7)  # seconds before each second, as in the paper
MANY = "--context"

FlameMapPath = Annotated[
    Path | None,
    typer.Option(help="Your map between ARKit and FLAME, which brings an animator's motion to FLAME."),
]
MapOrder = Annotated[
    Literal["mediapipe", "arkit"] | None,
    typer.Option(help="Order of the map's rows, where it doesn't name them."),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the clusters, and of an animator's face.")]
SwappedSid = Annotated[
    bool, typer.Option("--swapped-sid", help="Call SID what the reference does: clusters of the prediction.")
]


class _ByDefault(TyperGroup):
    """``visavis evaluate --model ...`` is ``dataset``, ``visavis evaluate --motion ...`` is ``files``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0].startswith("-") and args[0] not in ("-h", "--help"):
            given = {argument.partition("=")[0] for argument in args}
            args = ["files" if "--motion" in given else "dataset", *args]
        return super().parse_args(ctx, args)


class _ManyContexts(TyperCommand):
    """Takes ``--context 0 1 3 7`` as well as ``--context 0 --context 1``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(_each_with_its_option(args)))


def _each_with_its_option(args: list[str]) -> Iterable[str]:
    option, first = "", False
    for argument in args:
        if argument.startswith("-"):
            option, first = argument, True
        elif option == MANY and argument.isdigit():
            if not first:
                yield MANY
            first = False
        else:
            option = ""
        yield argument


app = typer.Typer(
    cls=_ByDefault,
    no_args_is_help=True,
    help="Measure motion: against recorded conversations, file against file, or how good a face is.\n\n"
    "Without a command, --motion means files and anything else dataset.",
)


@app.command(cls=_ManyContexts)
def dataset(
    data: Annotated[Path, typer.Option(help="Folder of the data set: SPLIT/NAME_speaker1.wav and so on.")],
    model: Annotated[
        str | None, typer.Option(help="Model to evaluate, dualtalk or streaming, with --checkpoint.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="The model's weights, or an animator's instead of its own.")
    ] = None,
    animator: Annotated[
        list[str] | None, typer.Option(help="Animator to evaluate, by name; several are allowed.")
    ] = None,
    split: Annotated[str, typer.Option(help="Which of the data set's folders; . is itself.")] = "test",
    context: Annotated[
        list[int] | None,
        typer.Option(
            min=0,
            help="Seconds that a model knows before each second, one or more: 0 1 3 7 if not given. The "
            "streaming model runs live, with all of the past; it is held to these as well where given.",
        ),
    ] = None,
    flame_map: FlameMapPath = None,
    flame_order: MapOrder = None,
    partner_motion: Annotated[
        bool,
        typer.Option(
            help="Give animators the partner's motion; off, it needn't be there (no P-FD and rPCC)."
        ),
    ] = True,
    both_sides: Annotated[bool, typer.Option("--both-sides", help="Also speaker 2 as agent.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
    device: Annotated[str, typer.Option(help="Where a model runs: auto, cpu, cuda, cuda:1.")] = "auto",
    precision: Annotated[
        Literal["float32", "bfloat16", "float16"], typer.Option(help="Type that a model computes in.")
    ] = "float32",
    batch: Annotated[int, typer.Option(min=1, help="Turns that a model predicts in one call.")] = 8,
    seed: Seed = 0,
    swapped_sid: SwappedSid = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the CSV, JSON and plots.")] = Path(
        "out/evaluation"
    ),
    plots: Annotated[bool, typer.Option(help="Draw the plots.")] = True,
) -> None:
    """Evaluate a model or animators on recorded conversations in the DualTalk layout.

    A model predicts each second with so many seconds before it as context; an animator runs live. The frozen
    mean and the truth itself stand beside them: a face frozen at its true mean scores FD about as well as
    published models, so read FD together with what it is without the mean, and with the variance ratio.
    """
    from rich.console import Console

    from avatar.evaluation import FrozenMean, GroundTruth, evaluate
    from avatar.training.dualtalk_data import ConversationReader

    if (model is None) == (not animator):
        raise typer.BadParameter("give either --model with --checkpoint, or --animator")
    console = Console()
    reader = ConversationReader(
        data, split, both_sides=both_sides, partner_motion=partner_motion, limit=limit
    )
    systems: list[System] = []
    if model is not None:
        systems += _models(model, checkpoint, context, device, precision, batch)
    else:
        flame = _Flame(flame_map, flame_order)
        systems += _animators(animator or [], checkpoint, flame, partner_motion=partner_motion, seed=seed)
    systems += [FrozenMean(), GroundTruth()]
    with _progress(console, len(reader) * len(systems)) as progress:
        (task,) = progress.task_ids

        def show(clip: str, system: str) -> None:
            progress.update(task, description=f"{system}: {clip}")
            progress.advance(task)

        found = evaluate(reader, systems, seed=seed, progress=show)
    about = {"data": data.name, "split": split, "model": model, "animators": animator, "seed": seed}
    if checkpoint is not None:
        about["checkpoint"] = checkpoint.name
    _write(found, out, about, console, plots=plots, swapped_sid=swapped_sid)


@app.command()
def files(
    motion: Annotated[Path, typer.Option(help="The motion to judge: FLAME .npz, or ARKit with --flame-map.")],
    truth: Annotated[Path, typer.Option(help="The true motion: FLAME .npz, or ARKit with --flame-map.")],
    partner: Annotated[
        Path | None, typer.Option(help="The partner's motion, for P-FD and rPCC, as the others.")
    ] = None,
    flame_map: FlameMapPath = None,
    flame_order: MapOrder = None,
    seed: Seed = 0,
    swapped_sid: SwappedSid = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for CSV, JSON and plots.")] = None,
    plots: Annotated[bool, typer.Option(help="Draw the plots.")] = True,
) -> None:
    """Evaluate one motion file against its truth, both of the same length at 25 frames a second."""
    from rich.console import Console

    from avatar.evaluation.two_files import evaluate_files, read_flame56

    console = Console()
    retargeting = None if flame_map is None else _Flame(flame_map, flame_order).retargeting()
    predicted, true = read_flame56(motion, retargeting), read_flame56(truth, retargeting)
    theirs = None if partner is None else read_flame56(partner, retargeting)
    found = evaluate_files(motion.stem, predicted, true, theirs, seed=seed)
    about = {"motion": motion.name, "truth": truth.name, "seed": seed}
    _write(found, out, about, console, plots=plots, swapped_sid=swapped_sid)


def _models(
    model: str, checkpoint: Path | None, contexts: list[int] | None, device: str, precision: str, batch: int
) -> Iterable[System]:
    import torch

    from avatar.device import device_named
    from avatar.evaluation import ContextModel
    from avatar.evaluation.live import LiveModel, StreamedModel
    from avatar.evaluation.models import load_model

    if checkpoint is None:
        raise typer.BadParameter(f"the weights of {model} are needed", param_hint="--checkpoint")
    loaded, on = load_model(model, checkpoint), str(device_named(device))
    half = None if precision == "float32" else getattr(torch, precision)
    live: list[System] = []
    if isinstance(loaded, StreamedModel):
        live = [LiveModel(loaded, name=model, device=on, precision=half)]
    return live + [
        ContextModel(loaded, seconds, name=model, batch=batch, device=on, precision=half)
        for seconds in dict.fromkeys(contexts or (() if live else CONTEXTS))
    ]


def _animators(
    names: list[str], checkpoint: Path | None, flame: _Flame, *, partner_motion: bool, seed: int
) -> Iterable[System]:
    from avatar import load_animator
    from avatar.evaluation import AnimatorSystem

    retargeting = flame.retargeting()
    options: dict[str, object] = {"flame_map": flame.path, "window": {"flame_map_order": flame.order}}
    if checkpoint is not None:
        options["checkpoint"] = checkpoint
    return [
        AnimatorSystem(load_animator(name, **options), retargeting, partner_motion=partner_motion, seed=seed)
        for name in names
    ]


@dataclass(frozen=True)
class _Flame:
    """The user's map, as it was given."""

    path: Path | None
    order: Literal["mediapipe", "arkit"] | None

    def retargeting(self) -> FlameRetargeting:
        from avatar.retarget import FlameRetargeting, load_flame_map

        if self.path is None:
            raise typer.BadParameter(
                "an animator moves ARKit's shapes, and the truth is FLAME: give your map between them",
                param_hint="--flame-map",
            )
        return FlameRetargeting(load_flame_map(self.path, self.order))


def _progress(console: Console, total: int) -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=console)
    progress.add_task("reading", total=total)
    return progress


def _write(
    found: Evaluation,
    out: Path | None,
    about: dict[str, Any],
    console: Console,
    *,
    plots: bool,
    swapped_sid: bool,
) -> None:
    """The table on the screen; CSV, JSON and plots into the folder, if there is one."""
    from rich.table import Table

    from avatar.evaluation.report import table_lines, write_csv, write_json

    clips = len(found.clips)
    table = Table("exp / jaw / pose", "best", *found.systems, box=None, pad_edge=False)
    for title, best, cells in table_lines(found, swapped_sid=swapped_sid):
        table.add_row(title, f"[dim]{best}[/]", *cells)
    console.print(table)
    over = "1 recording" if clips == 1 else f"means over {clips} recordings"
    console.print(
        f"{over}; x: the factors that papers' tables use, for exp / jaw / pose. The frozen mean knows the "
        "clip's true mean and never moves: only what beats it without the mean has learnt to move.",
        soft_wrap=True,
    )
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    write_csv(found, out / "evaluation.csv")
    write_json(found, out / "evaluation.json", {**about, "swapped_sid": swapped_sid})
    if plots:
        from avatar.evaluation.plots import draw_measures, draw_motion

        draw_measures(found, out / "measures.png", f"{', '.join(found.systems[:-2])}: {over}")
        if found.example is not None:
            draw_motion(found.example, out / "motion.png", found.example.clip)
    console.print(f"written to {out}", highlight=False, soft_wrap=True)


app.command()(quality)
