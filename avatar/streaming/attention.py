"""Attention over a bounded past, whole or frame by frame."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

FAR = -1e4  # added to the score of what is out of the window


class Ring:
    """Keys and values of the last ``window`` frames of each slot, and how many frames each has seen.

    ``keys``, ``values``: (slots, heads, window, width); ``count``: int64 (slots,).
    """

    def __init__(self, slots: int, heads: int, window: int, width: int, like: Tensor) -> None:
        self.keys = like.new_zeros(slots, heads, window, width)
        self.values = torch.zeros_like(self.keys)
        self.count = like.new_zeros(slots, dtype=torch.int64)

    def clear(self, slot: int) -> None:
        """Forget one slot's past."""
        self.count[slot] = 0

    def nbytes(self) -> int:
        """Bytes of all slots."""
        return sum(t.numel() * t.element_size() for t in (self.keys, self.values, self.count))


class WindowedAttention(nn.Module):
    """Each frame of ``queries`` attends to the ``window`` last frames of ``sources``, itself included.

    A learnt bias for each head and age stands in for positions.
    """

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"a width of {width} can't be shared by {heads} heads; choose a multiple")
        self.heads, self.width, self.window = heads, width // heads, window
        self.query = nn.Linear(width, width)
        self.source = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.age = nn.Parameter(torch.zeros(heads, window))

    def ring(self, slots: int) -> Ring:
        """An empty past for so many slots."""
        return Ring(slots, self.heads, self.window, self.width, self.query.weight)

    def forward(self, queries: Tensor, sources: Tensor) -> Tensor:
        """(batch, frames, width) twice -> (batch, frames, width), from an empty past."""
        frames = queries.shape[1]
        place = torch.arange(frames, device=queries.device)
        age = place[:, None] - place[None]
        seen = (age >= 0) & (age < self.window)
        bias = torch.where(seen, self.age[:, age.clamp(0, self.window - 1)], FAR)
        key, value = self._sources(sources)
        mixed = scaled_dot_product_attention(
            self._split(self.query(queries)), key, value, attn_mask=bias[None]
        )
        return self._join(mixed)

    def step(self, queries: Tensor, sources: Tensor, ring: Ring, running: Tensor) -> Tensor:
        """One frame: (slots, 1, width) twice -> (slots, 1, width); ``running`` slots move on in ``ring``."""
        slots = torch.arange(queries.shape[0], device=queries.device)
        place = ring.count % self.window
        key, value = self._sources(sources)
        # What lies there is out of the window already, so a slot that doesn't move on loses nothing.
        ring.keys[slots, :, place] = key[:, :, 0]
        ring.values[slots, :, place] = value[:, :, 0]
        age = (place[:, None] - torch.arange(self.window, device=queries.device)[None]) % self.window
        seen = age <= ring.count[:, None]
        bias = torch.where(seen[:, None], self.age[:, age].transpose(0, 1), FAR)
        mixed = scaled_dot_product_attention(
            self._split(self.query(queries)), ring.keys, ring.values, attn_mask=bias[:, :, None]
        )
        ring.count += running
        return self._join(mixed)

    def _sources(self, sources: Tensor) -> tuple[Tensor, Tensor]:
        key, value = self.source(sources).chunk(2, dim=-1)
        return self._split(key), self._split(value)

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:-1], self.heads, self.width).transpose(1, 2)

    def _join(self, x: Tensor) -> Tensor:
        joined: Tensor = self.out(x.transpose(1, 2).flatten(-2))
        return joined
