"""Learns the weights of `speech/claim.py` from examples of the development half."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from orchestration.turn_bench.claim_examples import Examples
from speech.claim import BLOCK, BLOCKS, FEATURES, KERNEL, STEPS, ClaimWeights

HIDDEN = 48
JUDGED = 32
EPOCHS = 26
BATCH = 512
RATE = 3e-3
DECAY = 1e-3  # of the weights
TILTS = 0.12  # of 40 dB, by which microphones and lines colour a sound
SOFTENED = 0.03  # of either answer that may be wrong


class ClaimNetwork(nn.Module):
    """The network of `ClaimWeights`, for batches of (examples, 40, 21) of which only some steps count."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(FEATURES, HIDDEN, KERNEL, padding=KERNEL // 2)
        self.second = nn.Conv1d(HIDDEN, HIDDEN, KERNEL, padding=KERNEL // 2)
        self.judge = nn.Linear((BLOCKS + 1) * HIDDEN + 1, JUDGED)
        self.answer = nn.Linear(JUDGED, 1)
        self.dropout = nn.Dropout(0.1)

    def forward(self, seen: Tensor, steps: Tensor) -> Tensor:
        """Logits (examples,)."""
        counts = (torch.arange(STEPS)[None] < steps[:, None]).float()[:, None]
        inner = seen.transpose(1, 2) * counts
        for layer in (self.first, self.second):
            inner = torch.relu(layer(inner)) * counts
        last = inner[torch.arange(len(inner)), :, steps - 1]
        strongest = inner.reshape(len(inner), HIDDEN, BLOCKS, BLOCK).amax(dim=3).transpose(1, 2).flatten(1)
        found = torch.cat((strongest, last, steps[:, None] / STEPS), dim=1)
        opinion = torch.relu(self.judge(self.dropout(found)))
        logits: Tensor = self.answer(self.dropout(opinion))[:, 0]
        return logits

    def weights(self) -> ClaimWeights:
        """For `speech/claim.py`."""
        found = {}
        for one in fields(ClaimWeights):
            layer = getattr(self, one.name.removesuffix("_bias"))
            tensor = layer.bias if one.name.endswith("_bias") else _flat(layer.weight)
            found[one.name] = tensor.detach().numpy().copy()
        return ClaimWeights(**found)


def _flat(weight: Tensor) -> Tensor:
    """(out, in) or (out, in, kernel) as (in, out) or (kernel * in, out)."""
    return weight.T if weight.ndim == 2 else weight.permute(2, 1, 0).flatten(0, 1)


def coloured(seen: Tensor, generator: torch.Generator) -> Tensor:
    """As through another microphone: smooth offsets of the bands, the loudest at 1 again."""
    knots = torch.randn(len(seen), 1, 4, generator=generator) * TILTS
    offsets = functional.interpolate(knots, size=FEATURES - 1, mode="linear", align_corners=True)
    valid = seen[..., :1] >= 0
    shape = torch.where(seen[..., :-1] > 0, seen[..., :-1] + offsets, seen[..., :-1])
    loudest = torch.where(valid, shape, -9.0).amax(dim=(1, 2), keepdim=True)
    shape = (shape - loudest + 1).clamp(0, 1)
    return torch.cat((shape, seen[..., -1:]), dim=2)


def fit(examples: Examples, seed: int, epochs: int = EPOCHS) -> ClaimNetwork:
    """Train from nothing; the same examples and seed give the same network on one machine."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    network = ClaimNetwork()
    seen, claims = torch.from_numpy(examples.seen), torch.from_numpy(examples.claims)
    steps, weights = torch.from_numpy(examples.steps), torch.from_numpy(examples.weights)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    total = epochs * (len(claims) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=total)
    for _ in range(epochs):
        for chosen in torch.randperm(len(claims), generator=generator).split(BATCH):  # type: ignore[no-untyped-call]
            logits = network(coloured(seen[chosen], generator), steps[chosen])
            wanted = claims[chosen] * (1 - 2 * SOFTENED) + SOFTENED
            losses = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
            loss = (losses * weights[chosen]).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return network.eval()


def opinions(network: ClaimNetwork, examples: Examples) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Its probability for each example."""
    with torch.no_grad():
        parts = [
            torch.sigmoid(network(seen, steps))
            for seen, steps in zip(
                torch.from_numpy(examples.seen).split(2048),  # type: ignore[no-untyped-call]
                torch.from_numpy(examples.steps).split(2048),  # type: ignore[no-untyped-call]
                strict=True,
            )
        ]
    return np.asarray(torch.cat(parts).numpy(), np.float32)
