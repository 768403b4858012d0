"""A validation split: the dataset's own, or one carved from the training set by conversation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from avatar.training.dualtalk_data import DatasetError, Pair

OWN_NAMES: Final = ("val", "validation", "valid")


def own_validation_split(root: Path | str) -> str | None:
    """The name of the dataset's own validation folder, or None if it has none (DualTalk's has none)."""
    return next((name for name in OWN_NAMES if (Path(root) / name).is_dir()), None)


def carve(pairs: Sequence[Pair], share: float, seed: int) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """Training and validation pairs: about ``share`` (0..1) of the conversations, drawn by ``seed``,
    validate.

    All cuts of a conversation, seen from either side, stay together, since they show the same people. At
    least one conversation goes to each. Raises ``DatasetError`` where there is only one.
    """
    conversations = sorted({pair.conversation for pair in pairs})
    if len(conversations) < 2:
        raise DatasetError(
            f"only one conversation ({', '.join(conversations)}) to train on, none to validate on; "
            "add recordings, or a folder val beside train"
        )
    count = min(max(1, round(share * len(conversations))), len(conversations) - 1)
    order = np.random.default_rng(seed).permutation(len(conversations))
    kept = {conversations[index] for index in order[:count]}
    return (
        tuple(pair for pair in pairs if pair.conversation not in kept),
        tuple(pair for pair in pairs if pair.conversation in kept),
    )
