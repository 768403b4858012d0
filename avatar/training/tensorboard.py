"""A training's losses for TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from torch.utils.tensorboard import SummaryWriter


class TensorBoard:
    """Follows a training and writes its losses and learning rate into a folder, steps on the horizontal axis.

    Training losses are under ``train/``, validation losses under ``validation/``. A context manager: the file
    is complete when it closes.
    """

    def __init__(self, folder: Path) -> None:
        self._writer = SummaryWriter(folder)
        self._step = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def began(self, epoch: int, epochs: int, steps: int) -> None:
        """See ``fit.Observer``."""

    def stepped(self, step: int, losses: Mapping[str, float], learning_rate: float) -> None:
        """See ``fit.Observer``."""
        self._step = step
        self._write("train", losses)
        self._writer.add_scalar("learning_rate", learning_rate, step)

    def validated(self, epoch: int, losses: Mapping[str, float], best: bool) -> None:
        """See ``fit.Observer``."""
        self._write("validation", losses)
        self._writer.flush()

    def _write(self, group: str, losses: Mapping[str, float]) -> None:
        for name, value in losses.items():
            self._writer.add_scalar(f"{group}/{name}", value, self._step)
