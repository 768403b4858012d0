"""The causal audio encoder, one for both speakers: 100 Hz log-mel in, 25 Hz features out."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from avatar.streaming.config import StreamingConfig
from avatar.streaming.mel import HOPS

KERNEL = 5  # of the first convolution, mel frames
STRIDED = 4  # kernel of the two convolutions that halve the rate
RESIDUAL = 3  # kernel of the residual ones


class CausalConv(nn.Module):
    """A convolution over time that keeps what it needs of the past instead of padding."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(inputs, outputs, kernel, stride, dilation=dilation)
        self.inputs = inputs
        self.context = (kernel - 1) * dilation + 1 - stride

    def initial(self, slots: int) -> Tensor:
        """The past before anything came."""
        return torch.zeros(slots, self.inputs, self.context)

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, inputs, time) -> (batch, outputs, time / stride), and the new past."""
        joined = torch.cat((past, x), dim=2)
        return self.convolution(joined), joined[:, :, joined.shape[2] - self.context :]


class AudioEncoder(nn.Module):
    """Three convolutions down to 25 Hz, then residual dilated ones. State: one past for each."""

    def __init__(self, config: StreamingConfig) -> None:
        super().__init__()
        first, second = config.encoder_dim
        width = config.feature_dim
        self.down = nn.ModuleList(
            [
                CausalConv(config.mel_bands, first, KERNEL),
                CausalConv(first, second, STRIDED, stride=2),
                CausalConv(second, width, STRIDED, stride=2),
            ]
        )
        self.residual = nn.ModuleList(
            CausalConv(width, width, RESIDUAL, dilation=dilation) for dilation in config.dilations
        )
        self.mix = nn.ModuleList(nn.Linear(width, width) for _ in config.dilations)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in config.dilations)
        self.out = nn.LayerNorm(width)

    def initial(self, slots: int) -> list[Tensor]:
        """State before anything was heard."""
        return [layer.initial(slots) for layer in (*self.down, *self.residual)]

    def forward(self, mel: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Normalised log-mel (batch, frames, 4, bands) -> features (batch, frames, width), new state."""
        batch, frames = mel.shape[:2]
        x = mel.reshape(batch, frames * HOPS, -1).transpose(1, 2)
        new: list[Tensor] = []
        for layer, past in zip(self.down, state[: len(self.down)], strict=True):
            x, past = layer(x, past)
            x = gelu(x)
            new.append(past)
        pasts = state[len(self.down) :]
        for layer, mix, norm, past in zip(self.residual, self.mix, self.norms, pasts, strict=True):
            y, past = layer(norm(x.transpose(1, 2)).transpose(1, 2), past)
            x = x + mix(gelu(y).transpose(1, 2)).transpose(1, 2)
            new.append(past)
        return self.out(x.transpose(1, 2)), new
