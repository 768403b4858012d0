"""The model frame by frame: slots, an execution mask, ears that may run ahead of the face."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from avatar.streaming.state import OVER, Ears, StreamState, initial_state

if TYPE_CHECKING:
    from avatar.streaming.model import StreamingDualTalk

Chance = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Decides which gestures begin: probabilities of onset and of the positive side, frames since the last onset,
each (slots, gestures) -> signed strengths (slots, gestures), 0 where none begins."""


class Stepper:
    """Steps ``state`` with ``model``; every argument has its slots first."""

    def __init__(self, model: StreamingDualTalk, state: StreamState) -> None:
        self._model = model
        self.state = state
        self._fresh = initial_state(model, 1)

    @property
    def slots(self) -> int:
        """How many conversations."""
        return self.state.own.shape[0]

    @torch.inference_mode()
    def reset(self, slot: int) -> None:
        """Clear one slot without touching the others."""
        self.state.clear(slot, self._fresh)

    @torch.inference_mode()
    def hear_ahead(self, running: Tensor, agent_pcm: Tensor) -> None:
        """Take a further frame of the agent's sound (slots, 640) in the ``running`` slots; no motion yet."""
        self._hear(self.state.agent, agent_pcm, running)

    @torch.inference_mode()
    def hear_user_ahead(self, running: Tensor, user_pcm: Tensor) -> None:
        """The same for the user's sound, where the face trails it."""
        self._hear(self.state.user, user_pcm, running)

    @torch.inference_mode()
    def step(
        self,
        running: Tensor,
        fresh: Tensor,
        agent_pcm: Tensor,
        user_pcm: Tensor,
        user_motion: Tensor,
        known: Tensor,
        style: Tensor,
        chance: Chance,
    ) -> Tensor:
        """One frame of motion (slots, motion_dim) in the ``running`` slots; the others keep their state.

        ``fresh`` says in which of them ``agent_pcm`` (slots, 640) holds sound that wasn't heard yet.
        ``user_motion`` (slots, motion_dim) counts where ``known``; ``style`` is (slots, 4).
        """
        model, state = self._model, self.state
        user_motion, style = user_motion.to(state.own), style.to(state.own)
        self._hear_both(agent_pcm, user_pcm, running & fresh, running)
        agent = state.agent.heard
        enhanced, hidden = model.temporal_enhancer.step(
            state.user.heard,
            user_motion[:, None],
            known[:, None],
            state.motion_ring,
            state.hidden,
            running,
        )
        state.hidden = torch.where(running[:, None], hidden, state.hidden)
        x = model.interaction_module.step(agent, enhanced, state.rings, running)
        synthesis = model.synthesis_module
        x = synthesis.modulated(x, style[:, None])
        onset, side = synthesis.onsets(x[:, 0])
        likely, positive = onset.float().sigmoid().cpu(), side.float().sigmoid().cpu()
        began = chance(likely, positive, state.since.cpu()).to(x)
        begins = (began != 0) & running[:, None]
        since = torch.where(begins, 0, state.since)
        strength = torch.where(begins, began, state.strength)
        shaped = synthesis.shaped(since, strength)
        motion: Tensor = synthesis(x[:, 0], agent[:, 0], state.own, shaped)
        state.own = torch.where(running[:, None], motion, state.own)
        state.since = torch.where(running[:, None], (since + 1).clamp(max=OVER), since)
        state.strength = strength
        return motion

    def _hear_both(self, agent_pcm: Tensor, user_pcm: Tensor, agent: Tensor, user: Tensor) -> None:
        """Both parties' sound in one pass of the encoder they share."""
        a, u = self.state.agent, self.state.user
        both = Ears(
            carry=torch.cat((a.carry, u.carry)),
            habit=[torch.cat(pair) for pair in zip(a.habit, u.habit, strict=True)],
            encoder=[torch.cat(pair) for pair in zip(a.encoder, u.encoder, strict=True)],
            heard=torch.cat((a.heard, u.heard)),
        )
        self._hear(both, torch.cat((agent_pcm, user_pcm)), torch.cat((agent, user)))
        n = self.slots
        for ears, part in ((a, slice(None, n)), (u, slice(n, None))):
            ears.carry, ears.heard = both.carry[part], both.heard[part]
            ears.habit = [tensor[part] for tensor in both.habit]
            ears.encoder = [tensor[part] for tensor in both.encoder]

    def _hear(self, ears: Ears, pcm: Tensor, running: Tensor) -> None:
        model = self._model
        mel, carry = model.mel(pcm, ears.carry)
        mel, habit = model.normalisation(mel, ears.habit)
        heard, encoder = model.joint_encoder(mel.to(ears.heard), ears.encoder)
        if bool(running.all()):
            ears.carry, ears.habit, ears.encoder, ears.heard = carry, habit, encoder, heard
            return
        ears.carry = _kept(running, carry, ears.carry)
        ears.habit = [_kept(running, new, old) for new, old in zip(habit, ears.habit, strict=True)]
        ears.encoder = [_kept(running, new, old) for new, old in zip(encoder, ears.encoder, strict=True)]
        ears.heard = _kept(running, heard, ears.heard)


def _kept(running: Tensor, new: Tensor, old: Tensor) -> Tensor:
    return torch.where(running.view(-1, *[1] * (new.dim() - 1)), new, old)
