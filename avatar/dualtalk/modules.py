"""DualTalk's four modules under the paper's names; their parameters are named as in official checkpoints.

D is ``feature_dim``, B is ``blendshape_dim``, T frames of 40 ms. All of them look at the whole clip.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import Wav2Vec2Model

from avatar.dualtalk.audio import encode, frames_of, normalise
from avatar.dualtalk.config import DualTalkConfig

HEADS = 4  # of every attention outside the audio encoders
MODULATION = 0.1  # gain of the modulation that is added to the decoded features


class DualSpeakerJointEncoder(nn.Module):
    """Both sides' sound and the user's motion to features of one width; the convolutions are frozen."""

    def __init__(self, config: DualTalkConfig) -> None:
        super().__init__()
        width = config.feature_dim
        self.normalise_audio = config.normalise_audio
        self.audio_encoder1 = Wav2Vec2Model(config.audio_encoder)
        self.audio_encoder2 = Wav2Vec2Model(config.audio_encoder)
        for encoder in (self.audio_encoder1, self.audio_encoder2):
            encoder.freeze_feature_encoder()  # type: ignore[no-untyped-call]
        self.audio_projection = nn.Linear(config.audio_encoder.hidden_size, width)
        self.blendshape_encoder = nn.Sequential(
            nn.Linear(config.blendshape_dim, width // 2), nn.ReLU(), nn.Linear(width // 2, width), nn.ReLU()
        )

    def forward(
        self, agent_audio: Tensor, user_audio: Tensor, user_motion: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Features of the agent's sound, the user's sound and the user's motion, each (batch, T, D)."""
        agent = self._sound(self.audio_encoder1, agent_audio)
        user = self._sound(self.audio_encoder2, user_audio)
        return agent, user, self.blendshape_encoder(user_motion.to(agent.dtype))

    def _sound(self, encoder: Wav2Vec2Model, audio: Tensor) -> Tensor:
        prepared = normalise(audio) if self.normalise_audio else audio
        prepared = prepared.to(self.audio_projection.weight.dtype)
        projected: Tensor = self.audio_projection(encode(encoder, prepared, frames_of(audio.shape[-1])))
        return projected


class CrossModalTemporalEnhancer(nn.Module):
    """What the user sounds like asks what the user's face does, then runs through time both ways."""

    def __init__(self, config: DualTalkConfig) -> None:
        super().__init__()
        width = config.feature_dim
        self.cross_attention = nn.MultiheadAttention(width, HEADS, batch_first=True)
        self.temporal_lstm = nn.LSTM(width, width // 2, num_layers=2, bidirectional=True, batch_first=True)

    def forward(self, user_sound: Tensor, user_motion: Tensor) -> Tensor:
        """Features (batch, T, D) of the user, from (batch, T, D) of sound and of motion."""
        attended, _ = self.cross_attention(user_sound, user_motion, user_motion, need_weights=False)
        enhanced: Tensor = self.temporal_lstm(attended)[0]
        return enhanced


class DualSpeakerInteractionModule(nn.Module):
    """The agent's sound beside what the user does, each frame seeing all others."""

    def __init__(self, config: DualTalkConfig) -> None:
        super().__init__()
        width = 2 * config.feature_dim
        layer = nn.TransformerEncoderLayer(width, HEADS, batch_first=True)
        self.interaction_encoder = nn.TransformerEncoder(layer, num_layers=3)
        self.self_attention = nn.MultiheadAttention(width, HEADS, batch_first=True)
        self.dropout = nn.Dropout(0.5)

    def forward(self, agent_sound: Tensor, user: Tensor) -> Tensor:
        """Features (batch, T, 2 D) of the exchange, from (batch, T, D) of either side."""
        encoded = self.interaction_encoder(torch.cat([agent_sound, user], dim=-1))
        attended, _ = self.self_attention(encoded, encoded, encoded, need_weights=False)
        dropped: Tensor = self.dropout(attended)
        return dropped


class ExpressiveSynthesisModule(nn.Module):
    """The exchange to the agent's motion; the modulation is linear."""

    def __init__(self, config: DualTalkConfig) -> None:
        super().__init__()
        width = 2 * config.feature_dim
        layer = nn.TransformerDecoderLayer(width, HEADS, batch_first=True)
        self.synthesis_decoder = nn.TransformerDecoder(layer, num_layers=1)
        self.modulation_layer = nn.Linear(width, width)
        self.blendshape_predictor = nn.Linear(width, config.blendshape_dim)

    def forward(self, exchange: Tensor) -> Tensor:
        """Motion (batch, T, B), from features (batch, T, 2 D)."""
        decoded = self.synthesis_decoder(exchange, exchange)
        motion: Tensor = self.blendshape_predictor(decoded + MODULATION * self.modulation_layer(decoded))
        return motion
