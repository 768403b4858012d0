"""The streaming model as a training task: stretches of composed conversations, drawn anew for each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from torch import Tensor

from avatar.streaming.config import StreamingConfig
from avatar.streaming.model import StreamingDualTalk
from avatar.training.streaming_data import Batch, HeardDyad, SamplingConfig, draw
from avatar.training.streaming_loss import Scale, loss_of
from avatar.training.task import TrainingTask

TRAINING, VALIDATION = 0, 1  # streams of one seed


class DrawnBatches:
    """``count`` batches of ``size`` stretches in each of ``epochs`` epochs, drawn by the seed and the batch's
    place in the training.

    The share of frames in which the model is given its own last frame rises to ``sampling.feedback`` by the
    middle of the training.
    """

    def __init__(
        self,
        dyads: list[HeardDyad],
        sizes: StreamingConfig,
        sampling: SamplingConfig,
        *,
        size: int,
        count: int,
        epochs: int,
        seed: int,
    ) -> None:
        self._dyads, self._sampling, self._size = dyads, sampling, size
        self._look_ahead = (sizes.agent_look_ahead, sizes.user_look_ahead)
        self._count, self._epochs, self._seed = count, epochs, seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the draw of the next pass."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Batch]:
        for step in range(self._epoch * self._count, (self._epoch + 1) * self._count):
            share = self._sampling.feedback * min(1.0, 2 * (step + 1) / (self._count * self._epochs))
            rng = np.random.default_rng([self._seed, TRAINING, step])
            yield draw(self._dyads, self._size, self._look_ahead, self._sampling, share, rng)


class DyadLoss:
    """Called with a model and a ``Batch``; gives the loss and its parts."""

    def __init__(self, scale: Scale) -> None:
        self._scale = scale

    def __call__(self, model: StreamingDualTalk, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Means over the frames that count."""
        return loss_of(model, batch, self._scale.to(batch.motion.device))


def dyad_task(
    model: StreamingDualTalk,
    train: list[HeardDyad],
    validation: list[HeardDyad],
    sampling: SamplingConfig,
    save: Callable[[StreamingDualTalk, Path], None],
    *,
    size: int,
    count: int,
    epochs: int,
    validation_batches: int,
    seed: int,
) -> TrainingTask:
    """``count`` batches of ``size`` stretches an epoch; validation is on batches that are always the same,
    in which the model is given its own last frames only, as it is live.
    """
    sizes = model.config
    look_ahead = (sizes.agent_look_ahead, sizes.user_look_ahead)
    rng = np.random.default_rng([seed, VALIDATION])
    kept = [draw(validation, size, look_ahead, sampling, 1.0, rng) for _ in range(validation_batches)]
    batches = DrawnBatches(train, sizes, sampling, size=size, count=count, epochs=epochs, seed=seed)
    return TrainingTask(model, DyadLoss(Scale.of(train, sizes.motion_dim)), batches, kept, save)
