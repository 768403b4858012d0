"""What the training loop needs to know of a model: how to call it, what it learns from, how it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

import torch
from torch import Tensor, nn


class TrainingError(ValueError):
    """A training that can't be begun or go on; the message says why and what to change."""


class Batch(Protocol):
    """Examples that one forward pass takes; ``len`` is their number."""

    def __len__(self) -> int: ...

    def to(self, device: torch.device | str) -> Self:
        """The same batch on a device."""
        ...


class EpochBatches(Protocol):
    """Training batches: one pass over them is an epoch; the same epoch gives the same batches."""

    def set_epoch(self, epoch: int) -> None:
        """Choose the order, or the draw, of the next pass."""
        ...

    def __len__(self) -> int:
        """Batches in a pass."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


LossFunction = Callable[[Any, Any], tuple[Tensor, Mapping[str, float]]]
"""``loss(model, batch)``: the mean over the batch's examples, and its parts by name for the record."""


@dataclass(frozen=True)
class TrainingTask:
    """A model and what it is trained on.

    ``train`` and ``validation`` yield objects that meet ``Batch``. ``save(model, path)`` writes weights as
    safetensors that the model's own loader reads. ``notes`` are said to the user before training begins.
    """

    model: nn.Module
    loss: LossFunction
    train: EpochBatches
    validation: Iterable[Any]
    save: Callable[[Any, Path], None]
    notes: tuple[str, ...] = field(default=())
