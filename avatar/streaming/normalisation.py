"""Running-statistics normalisation: a voice against its own habit, learnt as it is heard."""

from __future__ import annotations

import torch
from torch import Tensor, nn

PRIOR = -3.0  # log power of a band in speech at a usual level, before any was heard
PRIOR_FRAMES = 8.0  # how many frames that guess is worth
MEMORY = 250.0  # frames (10 s) of speech that the habit remembers
NOISE_RISE = 0.004  # nats a frame by which the background's estimate creeps up
NOISE_FALL = 0.3  # share of the way down in a frame
ABOVE_NOISE = 2.5  # nats over the background from which a frame counts as speech
QUIETEST = -11.0  # mean log power below which nothing counts as speech
SCALE = 3.0  # nats to one unit
LIMIT = 3.0  # units


class RunningNormalisation(nn.Module):
    """Log-mel less the running mean of the voice's own speech, band by band. No weights to train.

    State, slots first: mean (slots, bands), its weight in frames (slots,), background (slots,).
    """

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.bands = bands

    def initial(self, slots: int) -> list[Tensor]:
        """What is known before anything was heard."""
        return [
            torch.full((slots, self.bands), PRIOR),
            torch.full((slots,), PRIOR_FRAMES),
            torch.zeros(slots),
        ]

    def forward(self, mel: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Log-mel (batch, frames, 4, bands) -> the same shape, about -3..3, and the new state."""
        mean, weight, noise = state
        out = torch.empty_like(mel)
        frames = mel.mean(dim=2)  # (batch, frames, bands)
        levels = frames.mean(dim=2)
        for t in range(mel.shape[1]):
            level = levels[:, t]
            noise = torch.where(level < noise, noise + NOISE_FALL * (level - noise), noise + NOISE_RISE)
            speech = ((level > noise + ABOVE_NOISE) & (level > QUIETEST)).to(mel.dtype)
            weight = torch.clamp(weight + speech, max=MEMORY)
            mean = mean + (speech / weight)[:, None] * (frames[:, t] - mean)
            out[:, t] = (mel[:, t] - mean[:, None]) / SCALE
        return out.clamp(-LIMIT, LIMIT), [mean, weight, noise]
