"""What the streaming model is trained to do: the mouth above all, motion in general, when gestures begin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, pad

from avatar.motion import ARTICULATORS, COLUMNS, HEAD, Column
from avatar.streaming.model import StreamingDualTalk
from avatar.training.streaming_data import Batch, HeardDyad

SMALLEST = 0.02  # standard deviation below which a column's error isn't enlarged further
SHUT = 0.04  # lip gap under which lips count as shut
CLOSURE = 6.0  # weight of the lips' gap, and once more where they are shut over a moving jaw
VELOCITY = 0.5
ONSET = 3.0
SIDE = 0.2
ROUNDS = 3  # of giving the model its own motion, each nearer to what it makes frame by frame
MOUTH = 2.0  # weight of a column that shapes sounds

Spread = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Scale:
    """Weight of each column's squared error and of its squared change's error, (columns,)."""

    place: Tensor
    change: Tensor
    arkit: bool

    @classmethod
    def of(cls, dyads: list[HeardDyad], columns: int = COLUMNS) -> Scale:
        """From how much each column moves in the training material; columns that never move don't count."""
        motion = np.concatenate([d.motion.astype(np.float32).reshape(-1, columns) for d in dyads])
        change = np.concatenate(
            [np.diff(d.motion.astype(np.float32), axis=1).reshape(-1, columns) for d in dyads]
        )
        spread = motion.std(axis=0)
        return cls.from_spread(spread, change.std(axis=0), spread > 1e-3, arkit=columns == COLUMNS)

    @classmethod
    def from_spread(cls, place: Spread, change: Spread, counts: NDArray[np.bool_], *, arkit: bool) -> Scale:
        """From the standard deviation of each column and of its change from frame to frame, and which columns
        count, (columns,).
        """
        columns = len(place)
        weight = np.ones(columns, np.float32)
        if arkit:
            weight[ARTICULATORS] = MOUTH
            weight[HEAD] = MOUTH
        weight = np.where(counts, weight, 0.0) / counts.sum()
        at = weight / np.maximum(place, SMALLEST) ** 2
        speed = weight / np.maximum(change, SMALLEST / 4) ** 2
        return cls(torch.from_numpy(at.astype(np.float32)), torch.from_numpy(speed.astype(np.float32)), arkit)

    def to(self, device: torch.device | str) -> Scale:
        """The same on a device."""
        return Scale(self.place.to(device), self.change.to(device), self.arkit)


def loss_of(model: StreamingDualTalk, batch: Batch, scale: Scale) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch and its parts; the model is given its own last frames where the batch says so."""
    x, agent = model.encode(batch.inputs)
    onset, side = model.synthesis_module.onsets(x)
    inputs = batch.inputs
    if bool(batch.feedback.any()):
        with torch.no_grad():
            for _ in range(ROUNDS):
                made = model.synthesise(x, agent, inputs)
                before = torch.cat((inputs.own[:, :1], made[:, :-1]), dim=1)
                inputs = replace(inputs, own=torch.where(batch.feedback[..., None], before, inputs.own))
    motion = model.synthesise(x, agent, inputs)
    counts = batch.counts
    parts = {
        **motion_parts(motion, batch.motion, counts, scale),
        "onset": ONSET * _onset_loss(onset, batch.began, counts),
        "side": SIDE * _side_loss(side, batch.began, counts),
    }
    total: Tensor = torch.stack(list(parts.values())).sum()
    return total, {name: float(part.detach()) for name, part in parts.items()}


def motion_parts(motion: Tensor, truth: Tensor, counts: Tensor, scale: Scale) -> dict[str, Tensor]:
    """Parts of the loss that motion (batch, frames, columns) alone has, over the frames that count."""
    error = motion - truth
    parts = {
        "place": _mean(error.square() @ scale.place, counts),
        "change": VELOCITY * _mean(_changes(error).square() @ scale.change, counts[:, 1:]),
    }
    if scale.arkit:
        parts["lips"] = CLOSURE * _lips(motion, truth, counts)
    return parts


def _changes(x: Tensor) -> Tensor:
    return x[:, 1:] - x[:, :-1]


def _mean(errors: Tensor, counts: Tensor) -> Tensor:
    return (errors * counts).sum() / counts.sum().clamp(min=1)


def _lips(motion: Tensor, truth: Tensor, counts: Tensor) -> Tensor:
    """Squared error of the gap between the lips, in tenths of full opening; closures count more."""
    gap, true = _gap(motion), _gap(truth)
    moving = pad(_changes(truth[..., Column.jawOpen]).abs(), (1, 0)) > 0.005
    weight = 1.0 + CLOSURE * ((true < SHUT) & moving)
    return _mean(weight * (10 * (gap - true)).square(), counts) / 10


def _gap(motion: Tensor) -> Tensor:
    return motion[..., Column.jawOpen] - motion[..., Column.mouthClose]


def _onset_loss(logits: Tensor, began: Tensor, counts: Tensor) -> Tensor:
    each = binary_cross_entropy_with_logits(logits, (began != 0).float(), reduction="none")
    return _mean(each.sum(dim=-1), counts)


def _side_loss(logits: Tensor, began: Tensor, counts: Tensor) -> Tensor:
    each = binary_cross_entropy_with_logits(logits, (began > 0).float(), reduction="none")
    where = (began != 0) & counts[..., None]
    return (each * where).sum() / where.sum().clamp(min=1)
