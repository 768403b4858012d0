"""The training loop: epochs of steps, a validation after each, the best weights kept, resumable at any
epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import torch

from avatar.training.config import OptimisationConfig
from avatar.training.defects import ReferenceDefects
from avatar.training.early_stopping import EarlyStopping
from avatar.training.optimisation import Optimisation, add_parts
from avatar.training.state import (
    STATE,
    random_state,
    read_state,
    restore_random_state,
    write_state,
)
from avatar.training.task import TrainingError, TrainingTask

BEST, LAST = "best.safetensors", "last.safetensors"


class Observer(Protocol):
    """Whoever follows a training."""

    def began(self, epoch: int, epochs: int, steps: int) -> None:
        """An epoch begins: number ``epoch`` from 0, of at most ``epochs``, with ``steps`` steps."""
        ...

    def stepped(self, step: int, losses: Mapping[str, float], learning_rate: float) -> None:
        """Step number ``step`` since training began is done, with its mean loss and parts."""
        ...

    def validated(self, epoch: int, losses: Mapping[str, float], best: bool) -> None:
        """The epoch's validation: mean loss and parts, and whether it is the best so far."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a training ended: epochs done in all, the best validation loss, and whether patience ended it."""

    epochs: int
    best: float
    stopped_early: bool


def fit(
    task: TrainingTask,
    options: OptimisationConfig,
    folder: Path,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    resume: bool = False,
    observers: Sequence[Observer] = (),
    defects: ReferenceDefects | None = None,
) -> Outcome:
    """Train a task's model, leaving ``best.safetensors``, ``last.safetensors`` and ``state.pt`` in
    ``folder``.

    A resumed training goes on after its last whole epoch exactly as an uninterrupted one would. The seed
    given here governs dropout; the weights' is where the model is made. Raises ``TrainingError`` where
    ``folder`` holds a training already (or none, to resume), for a loss that is no finite number, and as
    ``Optimisation`` does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not resume and (folder / STATE).exists():
        raise TrainingError(f"{folder} holds a training already; resume it, or choose another folder")
    if not len(task.train):
        raise TrainingError("there are no training batches")
    target = torch.device(device)
    model = task.model.to(target)
    optimisation = Optimisation(model, options, target, defects or ReferenceDefects())
    stopping = EarlyStopping(options.patience, options.least_gain)
    torch.manual_seed(seed)
    epoch = step = 0
    if resume:
        state = read_state(folder)
        epoch, step = int(state["epoch"]), int(state["step"])
        stopping.best, stopping.waited = float(state["best"]), int(state["waited"])
        _restore(model, state, folder)
        optimisation.restore(state)
        restore_random_state(state["random"])
    while epoch < options.epochs and not stopping.due:
        steps = -(-len(task.train) // options.accumulate)
        for observer in observers:
            observer.began(epoch, options.epochs, steps)
        task.train.set_epoch(epoch)
        model.train()
        for group in _groups(task.train, options.accumulate):
            losses = optimisation.step(group, task.loss)
            step += 1
            for observer in observers:
                observer.stepped(step, losses, optimisation.learning_rate)
        optimisation.schedule.step()
        losses = _validate(task, optimisation, target, seed)
        best = stopping.improved(losses["loss"])
        for observer in observers:
            observer.validated(epoch, losses, best)
        epoch += 1
        _keep(task, optimisation.kept, folder, best)
        write_state(
            folder,
            {
                "epoch": epoch,
                "step": step,
                "best": stopping.best,
                "waited": stopping.waited,
                "model": model.state_dict(),
                "random": random_state(),
                **optimisation.state(),
            },
        )
    return Outcome(epoch, stopping.best, stopping.due)


def _groups(batches: Iterable[Any], size: int) -> Iterator[list[Any]]:
    remaining = iter(batches)
    while group := list(islice(remaining, size)):
        yield group


def _validate(
    task: TrainingTask, optimisation: Optimisation, device: torch.device, seed: int
) -> dict[str, float]:
    """Mean losses over the validation batches, with draws of their own that disturb no others."""
    model = optimisation.kept.eval()
    before = random_state()
    torch.manual_seed(seed)
    totals: dict[str, float] = {}
    examples = 0
    with torch.no_grad():
        for batch in task.validation:
            with optimisation.half():
                loss, parts = task.loss(model, batch.to(device))
            add_parts(totals, loss, parts, len(batch))
            examples += len(batch)
    restore_random_state(before)
    if not examples:
        raise TrainingError("there are no validation batches; without them nothing tells when to stop")
    return {name: total / examples for name, total in totals.items()}


def _keep(task: TrainingTask, model: torch.nn.Module, folder: Path, best: bool) -> None:
    for name in (LAST, *([BEST] if best else [])):
        partial = folder / f"{name}.partial"
        task.save(model, partial)
        partial.replace(folder / name)


def _restore(model: torch.nn.Module, state: Mapping[str, Any], folder: Path) -> None:
    try:
        model.load_state_dict(state["model"], strict=True)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise TrainingError(f"{folder}: its training is of another model ({reason})") from error
