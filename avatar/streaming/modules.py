"""DualTalk's enhancer, interaction and synthesis, made causal."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from avatar.motion import SHAPES
from avatar.streaming.attention import Ring, WindowedAttention
from avatar.streaming.config import StreamingConfig

STYLE = 4  # valence, the agent holds the floor, the user does, whether that is known
OWN = 64  # width of the model's own last frame
TEMPLATE = 16  # width of what each gesture adds
FADING = 15  # frames in which a gesture that lasts to its limit leaves the face
ANGLES = 10.0  # gain of radians where motion goes in
MODULATION = 0.1  # as in DualTalk: x + 0.1 * modulation(x)


def motion_scale(config: StreamingConfig) -> Tensor:
    """Brings every number of a frame to about the same size: ARKit's angles are small beside its weights."""
    scale = torch.ones(config.motion_dim)
    if config.motion == "arkit-61":
        scale[SHAPES:] = ANGLES
    return scale


class MinGRU(nn.Module):
    """A recurrence whose gate and candidate don't wait for the past (Feng et al. 2024), so that only
    ``h + z * (c - h)`` is left to do frame by frame.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.both = nn.Linear(width, 2 * width)

    def forward(self, x: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, frames, width) and the hidden state (batch, width) -> the same shapes."""
        gate, candidate = self.both(x).chunk(2, dim=-1)
        gates, candidates = gate.sigmoid().unbind(1), candidate.unbind(1)
        out = []
        for z, c in zip(gates, candidates, strict=True):
            hidden = torch.lerp(hidden, c, z)
            out.append(hidden)
        return torch.stack(out, dim=1), hidden


class TemporalEnhancer(nn.Module):
    """The user's sound attends to the user's last motion, then runs through a recurrence.

    Where the motion isn't known, a learnt frame takes its place.
    """

    scale: Tensor

    def __init__(self, config: StreamingConfig) -> None:
        super().__init__()
        width = config.feature_dim
        self.motion = nn.Linear(config.motion_dim, width)
        self.register_buffer("scale", motion_scale(config), persistent=False)
        self.unknown = nn.Parameter(torch.zeros(width))
        self.attention = WindowedAttention(width, config.heads, config.motion_window)
        self.norm = nn.LayerNorm(width)
        self.recurrence = MinGRU(width)

    def embed(self, motion: Tensor, known: Tensor) -> Tensor:
        """Motion (batch, frames, dim), which frames are known (batch, frames) -> (batch, frames, width)."""
        there = self.motion(self.scale * torch.where(known[..., None], motion, 0.0))
        return torch.where(known[..., None], there, self.unknown)

    def forward(self, sound: Tensor, motion: Tensor, known: Tensor) -> Tensor:
        """The whole: (batch, frames, width)."""
        x = self.norm(sound + self.attention(sound, self.embed(motion, known)))
        remembered, _ = self.recurrence(x, x.new_zeros(x.shape[0], x.shape[2]))
        out: Tensor = x + remembered
        return out

    def step(
        self, sound: Tensor, motion: Tensor, known: Tensor, ring: Ring, hidden: Tensor, running: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One frame, (slots, 1, width), and the new hidden state (slots, width)."""
        x = self.norm(sound + self.attention.step(sound, self.embed(motion, known), ring, running))
        y, hidden = self.recurrence(x, hidden)
        return x + y, hidden


class InteractionLayer(nn.Module):
    """Causal attention over both parties' features, then a feed-forward part; normalised first."""

    def __init__(self, config: StreamingConfig) -> None:
        super().__init__()
        width = config.feature_dim
        self.attention = WindowedAttention(width, config.heads, config.context)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """The whole, (batch, frames, width)."""
        y = self.first(x)
        return self._feed(x + self.dropout(self.attention(y, y)))

    def step(self, x: Tensor, ring: Ring, running: Tensor) -> Tensor:
        """One frame, (slots, 1, width)."""
        y = self.first(x)
        return self._feed(x + self.attention.step(y, y, ring, running))

    def _feed(self, x: Tensor) -> Tensor:
        fed: Tensor = x + self.dropout(self.down(gelu(self.up(self.second(x)))))
        return fed


class Interaction(nn.Module):
    """Agent's sound and the enhanced user's, joined."""

    def __init__(self, config: StreamingConfig) -> None:
        super().__init__()
        self.join = nn.Linear(2 * config.feature_dim, config.feature_dim)
        self.layers = nn.ModuleList(InteractionLayer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.feature_dim)

    def forward(self, agent: Tensor, user: Tensor) -> Tensor:
        """The whole: (batch, frames, width)."""
        x = self.join(torch.cat((agent, user), dim=-1))
        for layer in self.layers:
            x = layer(x)
        out: Tensor = self.norm(x)
        return out

    def rings(self, slots: int) -> list[Ring]:
        """An empty past for each layer."""
        return [layer.attention.ring(slots) for layer in self.layers if isinstance(layer, InteractionLayer)]

    def step(self, agent: Tensor, user: Tensor, rings: list[Ring], running: Tensor) -> Tensor:
        """One frame, (slots, 1, width)."""
        x = self.join(torch.cat((agent, user), dim=-1))
        for layer, ring in zip(self.layers, rings, strict=True):
            x = layer.step(x, ring, running)  # type: ignore[operator]
        out: Tensor = self.norm(x)
        return out


class Synthesis(nn.Module):
    """Motion from interaction features and the agent's own sound, modulated by style, given the frame before
    and the gestures under way; and how likely each gesture is to begin.
    """

    scale: Tensor

    def __init__(self, config: StreamingConfig) -> None:
        super().__init__()
        width = config.feature_dim
        self.modulation = nn.Linear(width + STYLE, width)
        self.own = nn.Linear(config.motion_dim, OWN)
        self.register_buffer("scale", motion_scale(config), persistent=False)
        self.templates = nn.Parameter(0.1 * torch.randn(config.gestures, config.gesture_frames, TEMPLATE))
        self.hidden = nn.Linear(2 * width + OWN + config.gestures * TEMPLATE, 2 * width)
        self.second = nn.Linear(2 * width, width)
        self.predictor = nn.Linear(width, config.motion_dim)
        with warnings.catch_warnings():  # without gestures there is nothing to initialise, as torch warns
            warnings.filterwarnings("ignore", "Initializing zero-element tensors")
            self.onset = nn.Sequential(nn.Linear(width, 64), nn.GELU(), nn.Linear(64, 2 * config.gestures))

    def modulated(self, x: Tensor, style: Tensor) -> Tensor:
        """``x + 0.1 * modulation(x, style)``, (..., width)."""
        out: Tensor = x + MODULATION * self.modulation(torch.cat((x, style), dim=-1))
        return out

    def onsets(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (..., gestures) of a gesture's beginning now, and of its going to the positive side."""
        begin, side = self.onset(x).chunk(2, dim=-1)
        return begin, side

    def shaped(self, since: Tensor, strength: Tensor) -> Tensor:
        """What gestures add: frames since each one's onset and its strength (..., gestures) -> (..., width).

        ``since`` of ``gesture_frames`` or more is a gesture that is over.
        """
        kinds = torch.arange(since.shape[-1], device=since.device)
        limit = self.templates.shape[1]
        template = self.templates[kinds, since.clamp(max=limit - 1)]
        left = ((limit - since).clamp(min=0) / FADING).clamp(max=1)
        template = template * (strength * left.to(strength))[..., None]
        return template.flatten(-2)

    def forward(self, x: Tensor, sound: Tensor, own: Tensor, shaped: Tensor) -> Tensor:
        """Modulated features, the agent's sound, the frame before, ``shaped`` -> motion (..., motion_dim)."""
        y = torch.cat((x, sound, self.own(self.scale * own), shaped), dim=-1)
        motion: Tensor = self.predictor(gelu(self.second(gelu(self.hidden(y)))))
        return motion
