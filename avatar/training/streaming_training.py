"""The loop that trains the streaming model: AdamW, a cosine, averaged weights, resumable."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from avatar.streaming.model import StreamingDualTalk
from avatar.training.streaming_data import Batch, HeardDyad, SamplingConfig, draw
from avatar.training.streaming_loss import Scale, loss_of

Report = Callable[[int, dict[str, float], dict[str, float]], None]
"""Told now and then: step, means of the parts of the loss while training, and on the validation batches."""


class StreamingTrainingConfig(BaseModel):
    """How long and how fast."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(default=2_400, ge=1, description="Batches to train on.")
    learning_rate: float = Field(default=1.5e-3, gt=0, description="Highest, after the warm-up.")
    warm_up: int = Field(default=100, ge=0, description="Batches over which the learning rate rises.")
    weight_decay: float = Field(default=0.01, ge=0, description="Of AdamW.")
    clip: float = Field(default=1.0, gt=0, description="Largest norm of the gradient.")
    averaging: float = Field(
        default=0.995,
        ge=0,
        lt=1,
        description="Of the exponential average of the weights, which is what ships.",
    )
    feedback: float = Field(
        default=0.7, ge=0, le=1, description="Share of frames given the model's own last frame, at the end."
    )
    report_every: int = Field(default=100, ge=1, description="Batches between two validations.")
    validation_batches: int = Field(default=6, ge=1, description="Batches of a validation.")
    seed: int = Field(default=0, ge=0, description="Of weights, batches and dropout.")
    sampling: SamplingConfig = Field(default=SamplingConfig(), description="How stretches are drawn.")


class StreamingTraining:
    """One training, step by step; ``run`` goes on from where ``folder`` left off."""

    def __init__(
        self,
        model: StreamingDualTalk,
        train: list[HeardDyad],
        validation: list[HeardDyad],
        config: StreamingTrainingConfig,
        folder: Path,
    ) -> None:
        self.model, self.config, self._folder = model, config, folder
        self._train, self._validation = train, validation
        self._scale = Scale.of(train, model.config.motion_dim)
        self._look_ahead = (model.config.agent_look_ahead, model.config.user_look_ahead)
        self._optimiser = torch.optim.AdamW(
            model.parameters(), config.learning_rate, betas=(0.9, 0.98), weight_decay=config.weight_decay
        )
        self.averaged = copy.deepcopy(model).eval()
        self.step = 0
        self._resume()

    def run(self, report: Report) -> StreamingDualTalk:
        """Train to the end; returns the model with averaged weights."""
        config = self.config
        sums: dict[str, float] = {}
        self.model.train()
        while self.step < config.steps:
            self.step += 1
            for name, part in self._one_step().items():
                sums[name] = sums.get(name, 0.0) + part
            if self.step % config.report_every == 0 or self.step == config.steps:
                count = (self.step - 1) % config.report_every + 1
                report(self.step, {name: total / count for name, total in sums.items()}, self.validate())
                sums = {}
                self._save()
        return self.averaged

    def validate(self) -> dict[str, float]:
        """Mean parts of the loss of the averaged weights on batches that are always the same."""
        rng = np.random.default_rng([self.config.seed, 1])
        sums: dict[str, float] = {}
        with torch.inference_mode():
            for _ in range(self.config.validation_batches):
                batch = draw(self._validation, self._look_ahead, self.config.sampling, rng)
                feedback = torch.ones(batch.counts.shape, dtype=torch.bool)
                _, parts = loss_of(self.averaged, batch, self._scale, feedback)
                for name, part in parts.items():
                    sums[name] = sums.get(name, 0.0) + part / self.config.validation_batches
        return sums

    def _one_step(self) -> dict[str, float]:
        config, done = self.config, self.step / self.config.steps
        # Seeded by the step, so that a resumed training draws what an uninterrupted one does.
        rng = np.random.default_rng([config.seed, 0, self.step])
        torch.manual_seed(int(rng.integers(2**31)))
        batch = draw(self._train, self._look_ahead, config.sampling, rng)
        share = config.feedback * min(1.0, 2 * done)
        feedback = torch.from_numpy(rng.random(batch.counts.shape) < share)
        for group in self._optimiser.param_groups:
            group["lr"] = config.learning_rate * _schedule(self.step, config)
        loss, parts = loss_of(self.model, batch, self._scale, feedback)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        self._optimiser.step()
        keep = min(config.averaging, self.step / (self.step + 10))
        with torch.no_grad():
            for mean, now in zip(self.averaged.parameters(), self.model.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
        return parts

    def _save(self) -> None:
        tensors: dict[str, Tensor] = {}
        for prefix, model in (("model.", self.model), ("averaged.", self.averaged)):
            tensors.update({prefix + name: tensor for name, tensor in model.state_dict().items()})
        for index, state in self._optimiser.state_dict()["state"].items():
            tensors.update({f"optimiser.{index}.{name}": value for name, value in state.items()})
        self._folder.mkdir(parents=True, exist_ok=True)
        whole = self._folder / "training.part"
        save_file(tensors, whole, {"step": str(self.step), "config": self.config.model_dump_json()})
        whole.replace(self._folder / "training.safetensors")

    def _resume(self) -> None:
        path = self._folder / "training.safetensors"
        if not path.is_file():
            return
        from safetensors import safe_open

        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        if json.loads(metadata["config"]) != json.loads(self.config.model_dump_json()):
            raise ValueError(
                f"{path} was begun with other options; remove it to begin anew, or give the same options"
            )
        tensors = load_file(path)
        for prefix, model in (("model.", self.model), ("averaged.", self.averaged)):
            model.load_state_dict(
                {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
            )
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimiser."):
                _, index, key = name.split(".", 2)
                state.setdefault(int(index), {})[key] = value
        plain = self._optimiser.state_dict()
        plain["state"] = state
        self._optimiser.load_state_dict(plain)
        self.step = int(metadata["step"])


def _schedule(step: int, config: StreamingTrainingConfig) -> float:
    if step <= config.warm_up:
        return step / max(1, config.warm_up)
    done = (step - config.warm_up) / max(1, config.steps - config.warm_up)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done))


__all__ = ["Batch", "StreamingTraining", "StreamingTrainingConfig"]
