"""Optimiser, learning rate and number format, as the configuration names them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LRScheduler, StepLR

from avatar.training.config import OptimisationConfig
from avatar.training.defects import ReferenceDefects
from avatar.training.task import Batch, LossFunction, TrainingError


class Optimisation:
    """Changes a model's weights batch group by batch group.

    Raises ``TrainingError`` for float16 without a GPU and for a model without anything to train.
    """

    def __init__(
        self, model: nn.Module, options: OptimisationConfig, device: torch.device, defects: ReferenceDefects
    ) -> None:
        self.options = options
        self._model = model
        self._device = device
        self._defects = defects
        self.trained = [weight for weight in model.parameters() if weight.requires_grad]
        if not self.trained:
            raise TrainingError("every weight of the model is frozen; there is nothing to train")
        if options.precision == "float16" and device.type != "cuda":
            raise TrainingError(f"float16 can't be trained on {device.type}; choose bfloat16 or float32")
        self.optimiser = self._optimiser()
        self.schedule = self._schedule()
        self.steps = 0
        self._averaged = None if options.averaging is None else copy.deepcopy(model).eval()
        self.scaler = torch.amp.GradScaler(device.type, enabled=options.precision == "float16")

    def half(self) -> AbstractContextManager[Any]:
        """The context that forward passes are computed in."""
        if self.options.precision == "float32":
            return nullcontext()
        return torch.autocast(self._device.type, getattr(torch, self.options.precision))

    def step(self, group: Sequence[Batch], loss: LossFunction) -> dict[str, float]:
        """One change of the weights from a group of batches, as if they were one batch.

        Each batch's loss is a mean over its examples and counts by their number. Returns the group's mean
        loss and its parts. Raises ``TrainingError`` when the loss is no finite number.
        """
        examples = sum(len(batch) for batch in group)
        totals: dict[str, float] = {}
        self.optimiser.zero_grad(set_to_none=True)
        for batch in group:
            share = len(batch) / examples
            with self.half():
                value, parts = loss(self._model, batch.to(self._device))
            add_parts(totals, value, parts, share)
            if self._defects.zero_grad_before_backward:
                self.optimiser.zero_grad(set_to_none=True)
                share = 1.0
            self.scaler.scale(value * share).backward()  # type: ignore[no-untyped-call]
        if self.options.gradient_norm is not None:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.trained, self.options.gradient_norm)
        self.steps += 1
        scheduled = [group["lr"] for group in self.optimiser.param_groups]
        for change in self.optimiser.param_groups:
            change["lr"] *= self._warmth
        self.scaler.step(self.optimiser)
        self.scaler.update()
        for change, rate in zip(self.optimiser.param_groups, scheduled, strict=True):
            change["lr"] = rate  # schedules go on from it
        self._average()
        return totals

    @property
    def learning_rate(self) -> float:
        """The size of the last step."""
        return float(self.optimiser.param_groups[0]["lr"]) * self._warmth

    @property
    def kept(self) -> nn.Module:
        """What is validated and kept: the model, or the average of its weights."""
        return self._model if self._averaged is None else self._averaged

    @property
    def _warmth(self) -> float:
        return min(1.0, self.steps / self.options.warm_up) if self.options.warm_up else 1.0

    @torch.no_grad()
    def _average(self) -> None:
        if self._averaged is None or self.options.averaging is None:
            return
        # An average over few steps remembers no more than these.
        keep = min(self.options.averaging, self.steps / (self.steps + 10))
        for mean, now in zip(self._averaged.parameters(), self._model.parameters(), strict=True):
            mean.lerp_(now, 1 - keep)
        for kept, latest in zip(self._averaged.buffers(), self._model.buffers(), strict=True):
            kept.copy_(latest)

    def state(self) -> dict[str, Any]:
        """All that a resumed training needs to go on as if nothing had happened."""
        return {
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
            "steps": self.steps,
            "averaged": None if self._averaged is None else self._averaged.state_dict(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what ``state`` gave."""
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.scaler.load_state_dict(state["scaler"])
        self.steps = int(state["steps"])
        if self._averaged is not None:
            self._averaged.load_state_dict(state["averaged"])

    def _optimiser(self) -> Optimizer:
        rate, decay = self.options.learning_rate, self.options.weight_decay
        if self.options.optimiser == "adam":
            return Adam(self.trained, rate, weight_decay=decay)
        return AdamW(self.trained, rate, weight_decay=decay)

    def _schedule(self) -> LRScheduler:
        match self.options.schedule:
            case "step":
                return StepLR(self.optimiser, self.options.step_epochs, self.options.step_factor)
            case "cosine":
                return CosineAnnealingLR(self.optimiser, self.options.epochs)
            case "constant":
                return LambdaLR(self.optimiser, _unchanged)


def add_parts(totals: dict[str, float], loss: Tensor, parts: Mapping[str, float], share: float) -> None:
    """Add a batch's loss and parts, weighted by ``share``, to ``totals``.

    Raises ``TrainingError`` when the loss is no finite number.
    """
    value = float(loss.detach())
    if not torch.isfinite(loss.detach()).all():
        raise TrainingError(
            f"the loss became {value}; lower learning_rate, set gradient_norm, or use bfloat16 or float32"
        )
    for name, part in {"loss": value, **parts}.items():
        totals[name] = totals.get(name, 0.0) + share * part


def _unchanged(epoch: int) -> float:
    return 1.0
