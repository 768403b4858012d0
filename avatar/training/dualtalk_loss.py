"""The DualTalk paper's loss: squared errors of expression, jaw and neck, and of all changes between
frames.
"""

from __future__ import annotations

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from avatar.evaluation.parts import PARTS
from avatar.training.dualtalk_windows import WindowBatch


class LossWeights(BaseModel):
    """Weights of the loss's parts; the paper's are all 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exp: float = Field(default=1.0, ge=0, description="Mean squared error of expression, coefficients.")
    jaw: float = Field(default=1.0, ge=0, description="Mean squared error of the jaw, radians.")
    pose: float = Field(default=1.0, ge=0, description="Mean squared error of the neck, radians.")
    velocity: float = Field(
        default=1.0,
        ge=0,
        description="Mean squared error of all columns' changes from frame to frame.",
    )


class DualTalkLoss:
    """Called with a model and a ``WindowBatch``; gives the loss and its parts before weighting."""

    def __init__(self, weights: LossWeights | None = None) -> None:
        self.weights = weights or LossWeights()

    def __call__(self, model: nn.Module, batch: WindowBatch) -> tuple[Tensor, dict[str, float]]:
        """The mean over the batch's windows, frames and columns, as a scalar tensor."""
        predicted = model(batch.agent_audio, batch.user_audio, batch.user_motion).float()
        truth = batch.agent_motion
        parts = {
            name: mse_loss(predicted[..., columns], truth[..., columns]) for name, columns in PARTS.items()
        }
        parts["velocity"] = mse_loss(predicted.diff(dim=1), truth.diff(dim=1))
        weighted = [getattr(self.weights, name) * value for name, value in parts.items()]
        total = torch.stack(weighted).sum()
        return total, {name: float(value.detach()) for name, value in parts.items()}
