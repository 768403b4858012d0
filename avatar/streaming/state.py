"""The state of streaming conversations: a plain object that can be dropped and rebuilt by replay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from avatar.streaming.attention import Ring
from avatar.streaming.mel import CARRY

if TYPE_CHECKING:
    from avatar.streaming.model import StreamingDualTalk

OVER = 10_000  # frames since a gesture that never was


@dataclass(slots=True)
class Ears:
    """What one party's sound has left behind; slots first."""

    carry: Tensor  # the last samples
    habit: list[Tensor]
    encoder: list[Tensor]
    heard: Tensor  # the newest feature, (slots, 1, width)

    def tensors(self) -> list[Tensor]:
        """Everything, to be cleared or kept slot by slot."""
        return [self.carry, *self.habit, *self.encoder, self.heard]


@dataclass(slots=True)
class StreamState:
    """State of all slots."""

    agent: Ears
    user: Ears
    motion_ring: Ring
    hidden: Tensor  # of the enhancer's recurrence, (slots, width)
    rings: list[Ring]
    own: Tensor  # the last frame, (slots, motion_dim)
    since: Tensor  # frames since each gesture's onset, int64 (slots, gestures)
    strength: Tensor  # (slots, gestures)

    def clear(self, slot: int, fresh: StreamState) -> None:
        """Bring one slot back to where ``fresh``, a state of one slot, is."""
        for ears, new in ((self.agent, fresh.agent), (self.user, fresh.user)):
            for old, start in zip(ears.tensors(), new.tensors(), strict=True):
                old[slot] = start[0]
        for ring in (self.motion_ring, *self.rings):
            ring.clear(slot)
        self.hidden[slot] = 0
        self.own[slot] = 0
        self.since[slot] = OVER
        self.strength[slot] = 0

    def nbytes(self) -> int:
        """Bytes of all slots."""
        plain = (
            *self.agent.tensors(),
            *self.user.tensors(),
            self.hidden,
            self.own,
            self.since,
            self.strength,
        )
        rings = self.motion_ring.nbytes() + sum(ring.nbytes() for ring in self.rings)
        return rings + sum(tensor.numel() * tensor.element_size() for tensor in plain)


def initial_state(model: StreamingDualTalk, slots: int) -> StreamState:
    """Nothing heard, nothing seen, a face at rest; where the weights are, and as precise as they are.

    Sound and its running statistics stay in single precision.
    """
    config, weight = model.config, model.synthesis_module.predictor.weight

    def ears() -> Ears:
        return Ears(
            carry=torch.zeros(slots, CARRY, device=weight.device),
            habit=[tensor.to(weight.device) for tensor in model.normalisation.initial(slots)],
            encoder=[tensor.to(weight) for tensor in model.joint_encoder.initial(slots)],
            heard=weight.new_zeros(slots, 1, config.feature_dim),
        )

    enhancer = model.temporal_enhancer.attention
    return StreamState(
        agent=ears(),
        user=ears(),
        motion_ring=enhancer.ring(slots),
        hidden=weight.new_zeros(slots, config.feature_dim),
        rings=model.interaction_module.rings(slots),
        own=weight.new_zeros(slots, config.motion_dim),
        since=torch.full((slots, config.gestures), OVER, device=weight.device),
        strength=weight.new_zeros(slots, config.gestures),
    )
