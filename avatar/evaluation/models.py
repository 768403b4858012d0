"""Models that ``visavis evaluate --model`` knows by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from avatar.evaluation.parts import EvaluationError

if TYPE_CHECKING:
    from torch import nn


def _dualtalk(checkpoint: Path) -> nn.Module:
    from avatar.dualtalk import load_checkpoint

    return load_checkpoint(checkpoint)


def _streaming(checkpoint: Path) -> nn.Module:
    from avatar.evaluation.live import StreamedModel
    from avatar.streaming.checkpoint import load

    return StreamedModel(load(checkpoint, motion="flame-56"))


LOADERS: dict[str, Callable[[Path], nn.Module]] = {"dualtalk": _dualtalk, "streaming": _streaming}
"""Known models: how to load one from its checkpoint.

To add one, enter a function whose module is called as ``module(agent_audio, user_audio, user_motion)`` with
float32 (batch, 640 T), (batch, 640 T) and FLAME-56 (batch, T, 56), and gives (batch, T, 56).
With an attribute ``look_ahead`` the sound goes on for so many frames.
"""


def load_model(name: str, checkpoint: Path) -> nn.Module:
    """A model by name with a checkpoint's weights.

    Raises ``EvaluationError`` listing the known names for an unknown one, and what the model's loader raises.
    """
    if name not in LOADERS:
        raise EvaluationError(f"no model {name!r} can be evaluated; known: {', '.join(sorted(LOADERS))}")
    return LOADERS[name](checkpoint)
