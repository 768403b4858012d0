"""``visavis train``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from avatar.training.config import TrainingConfig

KEPT = "config.yaml"  # in the output folder: the training as it was begun


def train(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for weights, state, configuration, TensorBoard.")
    ],
    model: Annotated[str | None, typer.Option(help="Model to train, by name: dualtalk, streaming.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the data set, with train and so on.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="YAML file with any of the training's options; see docs/training.md.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training in the output folder.")
    ] = False,
    epochs: Annotated[int | None, typer.Option(min=1, help="Most passes over the training data.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Windows in one forward pass.")] = None,
    accumulate: Annotated[int | None, typer.Option(min=1, help="Batches to one step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Step size at the start.")] = None,
    precision: Annotated[
        Literal["float32", "bfloat16", "float16"] | None, typer.Option(help="Type to compute in.")
    ] = None,
    patience: Annotated[
        int | None, typer.Option(min=1, help="Epochs without a gain after which training stops.")
    ] = None,
    window: Annotated[float | None, typer.Option(help="Length of a training window, seconds.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:1.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of weights, order and dropout.")] = None,
    reference_defect: Annotated[
        list[str] | None,
        typer.Option(help="A known defect of the DualTalk reference to switch on, or all; see docs."),
    ] = None,
) -> None:
    """Train a model on a data set, keeping the weights that validate best.

    Options come from --config, then from the command line. The output folder gets best.safetensors,
    last.safetensors, config.yaml, and what --resume goes on from.
    """
    from rich.console import Console

    from avatar.device import device_named
    from avatar.training.fit import fit
    from avatar.training.models import prepare
    from avatar.training.state import STATE
    from avatar.training.task import TrainingError
    from avatar.training.tensorboard import TensorBoard

    console = Console()
    if resume and config is not None:
        raise typer.BadParameter(f"a resumed training keeps its own {KEPT}", param_hint="--config")
    if resume and not (out / KEPT).is_file():
        raise TrainingError(f"there is no training to resume in {out}: it holds no {KEPT}")
    flags: dict[tuple[str, ...], Any] = {
        ("model",): model,
        ("data",): None if data is None else str(data.absolute()),
        ("seed",): seed,
        ("device",): device,
        ("optimisation", "epochs"): epochs,
        ("optimisation", "batch"): batch,
        ("optimisation", "accumulate"): accumulate,
        ("optimisation", "learning_rate"): learning_rate,
        ("optimisation", "precision"): precision,
        ("optimisation", "patience"): patience,
        ("windows", "window"): window,
    }
    for defect in reference_defect or []:
        flags |= {("reference_defects", name): True for name in _defects(defect)}
    options = _options(out / KEPT if resume else config, flags)
    task = _prepared(options, prepare)
    target = device_named(options.device)
    for note in task.notes:
        console.print(f"- {note}", highlight=False, soft_wrap=True)
    console.print(f"- on {target}, {options.optimisation.precision}", highlight=False)
    out.mkdir(parents=True, exist_ok=True)
    if resume or not (out / STATE).exists():  # else fit refuses, and the folder stays as it is
        _keep(options, out / KEPT)
    with training_progress(console) as progress, TensorBoard(out / "tensorboard") as board:
        outcome = fit(
            task,
            options.optimisation,
            out,
            seed=options.seed,
            device=target,
            resume=resume,
            observers=(Display(progress), board),
            defects=options.reference_defects,
        )
    why = "no gain for so long" if outcome.stopped_early else "all epochs done"
    console.print(
        f"{outcome.epochs} epochs ({why}); best validation loss {outcome.best:.6g}; weights: "
        f"{out / 'best.safetensors'}",
        highlight=False,
        soft_wrap=True,
    )


class Display:
    """Shows a training on the screen: a bar for the epoch, a line for each validation."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None, loss="")
        self._epochs = 0

    def began(self, epoch: int, epochs: int, steps: int) -> None:
        """See ``avatar.training.fit.Observer``."""
        self._epochs = epochs
        self._progress.reset(self._task, total=steps, description=f"epoch {epoch + 1}/{epochs}")

    def stepped(self, step: int, losses: Mapping[str, float], learning_rate: float) -> None:
        """See ``avatar.training.fit.Observer``."""
        self._progress.update(self._task, advance=1, loss=f"loss {losses['loss']:.4g}")

    def validated(self, epoch: int, losses: Mapping[str, float], best: bool) -> None:
        """See ``avatar.training.fit.Observer``."""
        parts = ", ".join(f"{name} {value:.4g}" for name, value in losses.items())
        line = f"epoch {epoch + 1}/{self._epochs}: validation {parts}{' (best)' if best else ''}"
        self._progress.console.print(line, highlight=False, soft_wrap=True)


def training_progress(console: Console) -> Progress:
    """What a ``Display`` draws on."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(),
        console=console,
    )


def _defects(name: str) -> tuple[str, ...]:
    from avatar.training.defects import ReferenceDefects

    known = tuple(ReferenceDefects.model_fields)
    plain = name.replace("-", "_")
    if plain != "all" and plain not in known:
        raise typer.BadParameter(
            f"{name!r} isn't known; all, or one of {', '.join(known)}", param_hint="--reference-defect"
        )
    return known if plain == "all" else (plain,)


def _options(path: Path | None, flags: Mapping[tuple[str, ...], Any]) -> TrainingConfig:
    """The training's options: the file's, then the flags that were given."""
    from avatar.training.config import TrainingConfig
    from orchestration.configuration.document import Document, read_document
    from orchestration.configuration.problems import ConfigurationError
    from orchestration.configuration.validation import validate

    document = Document(Path("visavis train"), {}) if path is None else read_document(path)
    data = dict(document.data)
    for keys, value in flags.items():
        if value is None:
            continue
        inner = data
        for key in keys[:-1]:
            section = inner.get(key)
            inner[key] = dict(section) if isinstance(section, dict) else {}
            inner = inner[key]
        inner[keys[-1]] = value
    options, problems = validate(TrainingConfig, document, data)
    if options is None or problems or document.problems:
        raise ConfigurationError([*document.problems, *problems])
    return options


def _prepared(options: TrainingConfig, prepare: Any) -> Any:
    """The task, with the model's own settings' errors told as the configuration's."""
    from pydantic import ValidationError

    from avatar.training.task import TrainingError

    try:
        return prepare(options)
    except ValidationError as error:
        wrong = "; ".join(
            f"settings.{'.'.join(str(part) for part in details['loc'])}: {details['msg']}"
            for details in error.errors(include_url=False)
        )
        raise TrainingError(wrong) from error


def _keep(options: TrainingConfig, path: Path) -> None:
    import yaml

    path.write_text(yaml.safe_dump(options.model_dump(mode="json"), sort_keys=False))
