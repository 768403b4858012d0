"""DualTalk's four ideas made causal: joint encoder, temporal enhancer, interaction, expressive synthesis.

After DualTalk (Peng et al., CVPR 2025): both speakers' sound through an encoder, the partner's sound
enhanced by the partner's motion, interaction over both, modulated synthesis. Here nothing looks ahead, one
encoder hears both, attention is bounded, the model is given its own last frame, and gestures begin by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from avatar.streaming.config import StreamingConfig
from avatar.streaming.encoder import AudioEncoder
from avatar.streaming.mel import CARRY, LogMel
from avatar.streaming.modules import Interaction, Synthesis, TemporalEnhancer
from avatar.streaming.normalisation import RunningNormalisation
from avatar.streaming.state import initial_state
from avatar.streaming.stepper import Stepper


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the model is given for (batch, frames): features of ``hear`` for both parties, (..., 4, bands);
    the partner's motion, with ``known`` (batch, frames) saying where it counts; ``style`` (..., 4); the
    agent's own frame before (..., motion_dim); for each kind of gesture frames since its onset and its
    strength (..., gestures).

    Sound may have more frames than motion: those before the last ``frames`` are heard before the face begins.
    """

    agent: Tensor
    user: Tensor
    user_motion: Tensor
    known: Tensor
    style: Tensor
    own: Tensor
    since: Tensor
    strength: Tensor


@dataclass(frozen=True, slots=True)
class Outputs:
    """Motion (batch, frames, motion_dim); logits (batch, frames, gestures) of onsets and of their side."""

    motion: Tensor
    onset: Tensor
    side: Tensor


class StreamingDualTalk(nn.Module):
    """The model; see the file's heading. ``streaming`` for use frame by frame, ``forward`` for training."""

    def __init__(self, config: StreamingConfig) -> None:
        super().__init__()
        self.config = config
        self.mel = LogMel(config.mel_bands)
        self.normalisation = RunningNormalisation(config.mel_bands)
        self.joint_encoder = AudioEncoder(config)
        self.temporal_enhancer = TemporalEnhancer(config)
        self.interaction_module = Interaction(config)
        self.synthesis_module = Synthesis(config)

    def in_precision(self, dtype: torch.dtype) -> StreamingDualTalk:
        """This model with weights and state of ``dtype``; sound is analysed in single precision still."""
        self.to(dtype)
        self.mel.float()
        return self

    def hear(self, pcm: Tensor) -> Tensor:
        """Sound (batch, 640 * frames) of whole recordings -> normalised log-mel (batch, frames, 4, bands)."""
        carry = pcm.new_zeros(pcm.shape[0], CARRY)
        mel, _ = self.mel(pcm, carry)
        habit = [tensor.to(pcm.device) for tensor in self.normalisation.initial(pcm.shape[0])]
        heard, _ = self.normalisation(mel, habit)
        out: Tensor = heard
        return out

    def encode(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Modulated interaction features and the agent's encoded sound, (batch, frames, width) each."""
        if inputs.agent.shape == inputs.user.shape:
            agent, user = self._encoded(torch.cat((inputs.agent, inputs.user))).chunk(2)
        else:
            agent, user = self._encoded(inputs.agent), self._encoded(inputs.user)
        frames = inputs.user_motion.shape[1]
        agent, user = agent[:, -frames:], user[:, -frames:]
        enhanced = self.temporal_enhancer(user, inputs.user_motion, inputs.known)
        joined = self.interaction_module(agent, enhanced)
        return self.synthesis_module.modulated(joined, inputs.style), agent

    def forward(self, inputs: Inputs) -> Outputs:
        """All frames at once, the agent's own motion being given."""
        x, agent = self.encode(inputs)
        onset, side = self.synthesis_module.onsets(x)
        return Outputs(self.synthesise(x, agent, inputs), onset, side)

    def _encoded(self, heard: Tensor) -> Tensor:
        silence = [past.to(heard.device) for past in self.joint_encoder.initial(heard.shape[0])]
        encoded, _ = self.joint_encoder(heard, silence)
        out: Tensor = encoded
        return out

    def synthesise(self, x: Tensor, agent: Tensor, inputs: Inputs) -> Tensor:
        """Motion from ``encode``'s results."""
        shaped = self.synthesis_module.shaped(inputs.since, inputs.strength)
        motion: Tensor = self.synthesis_module(x, agent, inputs.own, shaped)
        return motion

    def alone(self, x: Tensor, agent: Tensor, inputs: Inputs) -> Tensor:
        """Motion from ``encode``'s results as it is live: each frame is given the model's own one before.

        Of ``inputs.own`` only the first frame counts.
        """
        shaped = self.synthesis_module.shaped(inputs.since, inputs.strength)
        own, out = inputs.own[:, 0], []
        for frame in range(x.shape[1]):
            own = self.synthesis_module(x[:, frame], agent[:, frame], own, shaped[:, frame])
            out.append(own)
        return torch.stack(out, dim=1)

    @torch.no_grad()
    def begin_at(self, motion: Tensor) -> None:
        """Bring an untrained model near a face, (motion_dim,), so that it needn't be learnt."""
        self.synthesis_module.predictor.bias.copy_(motion)

    @contextmanager
    def streaming(self, slots: int) -> Iterator[Stepper]:
        """Frame by frame for ``slots`` conversations at once, from an empty state."""
        was = self.training
        self.eval()
        try:
            yield Stepper(self, initial_state(self, slots))
        finally:
            self.train(was)
