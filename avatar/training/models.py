"""Models that ``visavis train`` knows by name."""

from __future__ import annotations

from collections.abc import Callable

from avatar.training.config import TrainingConfig
from avatar.training.task import TrainingError, TrainingTask


def _dualtalk(config: TrainingConfig) -> TrainingTask:
    from avatar.training.dualtalk_training import dualtalk_task

    return dualtalk_task(config)


def _streaming(config: TrainingConfig) -> TrainingTask:
    from avatar.training.streaming_task import streaming_task

    return streaming_task(config)


MODELS: dict[str, Callable[[TrainingConfig], TrainingTask]] = {"dualtalk": _dualtalk, "streaming": _streaming}
"""Known models: how to make a training task of a configuration.

To add one, write a function that takes a ``TrainingConfig`` and gives a ``TrainingTask`` (in a file of its
own, since it imports the model), and enter it here behind a function that imports it when called. It
validates ``config.settings`` with a pydantic model of its own, seeds the weights with ``config.seed``, and
gives batches that meet ``task.Batch`` and ``task.EpochBatches``; ``fit`` does the rest.
"""


def prepare(config: TrainingConfig) -> TrainingTask:
    """The task that a configuration names.

    Raises ``TrainingError`` listing the known models for an unknown one, and whatever the model's own
    function raises.
    """
    if config.model not in MODELS:
        raise TrainingError(f"no model {config.model!r} can be trained; known: {', '.join(sorted(MODELS))}")
    return MODELS[config.model](config)
