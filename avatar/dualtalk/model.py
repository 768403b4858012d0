"""DualTalk (Peng et al., CVPR 2025, arXiv 2505.18096): two sounds and the partner's face in, a face out."""

from __future__ import annotations

from torch import Tensor, nn

from avatar.dualtalk.audio import frames_of
from avatar.dualtalk.config import DualTalkConfig
from avatar.dualtalk.modules import (
    CrossModalTemporalEnhancer,
    DualSpeakerInteractionModule,
    DualSpeakerJointEncoder,
    ExpressiveSynthesisModule,
)
from avatar.motion import MotionError


class DualTalk(nn.Module):
    """The paper's model over whole clips; ``load_state_dict`` takes official checkpoints as they are.

    Weights are random until some are loaded; nothing is downloaded.
    """

    def __init__(self, config: DualTalkConfig | None = None) -> None:
        super().__init__()
        self.config = config or DualTalkConfig()
        self.joint_encoder = DualSpeakerJointEncoder(self.config)
        self.temporal_enhancer = CrossModalTemporalEnhancer(self.config)
        self.interaction_module = DualSpeakerInteractionModule(self.config)
        self.synthesis_module = ExpressiveSynthesisModule(self.config)

    def forward(self, agent_audio: Tensor, user_audio: Tensor, user_motion: Tensor) -> Tensor:
        """The agent's motion (batch, T, B) at 25 frames a second, T = ceil(samples / 640).

        Both sounds are (batch, samples) at 16 kHz; the user's motion is (batch, T, B), zeros where unknown.
        Raises ``MotionError`` for shapes that don't belong together, and sound shorter than 400 samples
        (with the official encoders).
        """
        self._check(agent_audio, user_audio, user_motion)
        agent, user, motion = self.joint_encoder(agent_audio, user_audio, user_motion)
        exchange = self.interaction_module(agent, self.temporal_enhancer(user, motion))
        synthesised: Tensor = self.synthesis_module(exchange)
        return synthesised

    def _check(self, agent_audio: Tensor, user_audio: Tensor, user_motion: Tensor) -> None:
        if agent_audio.ndim != 2 or agent_audio.shape != user_audio.shape:
            raise MotionError(
                f"agent and user sound have shapes {tuple(agent_audio.shape)} and {tuple(user_audio.shape)}; "
                "both are (batch, samples) and of one length: cut or pad the longer"
            )
        batch, samples = agent_audio.shape
        due = (batch, frames_of(samples), self.config.blendshape_dim)
        if tuple(user_motion.shape) != due:
            raise MotionError(
                f"user motion has shape {tuple(user_motion.shape)}; {due} is due for {samples} samples, "
                "zeros where it is unknown"
            )
