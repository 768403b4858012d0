"""The streaming model as it is evaluated: live, frame by frame, given its own last frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from avatar.animator import FRAME_SAMPLES, FloatArray
from avatar.evaluation.conversations import Conversation
from avatar.streaming.chance import Chance
from avatar.streaming.modules import STYLE

if TYPE_CHECKING:
    from avatar.streaming.model import StreamingDualTalk
    from avatar.streaming.stepper import Stepper


class StreamedModel(nn.Module):
    """A streaming model called on whole stretches: ``module(agent_audio, user_audio, user_motion)``.

    Sound (batch, samples) may go on for ``look_ahead`` frames after the T frames of motion (batch, T,
    columns): what is known early in a conversation. Agent's sound that isn't there is waited for, the user's
    is silent. Partner's frames of NaN aren't known. Gestures begin without chance. Computes in the type that
    ``torch.autocast`` names, its weights being brought to it.
    """

    def __init__(self, model: StreamingDualTalk) -> None:
        super().__init__()
        self.model = model
        self.look_ahead = max(model.config.agent_look_ahead, model.config.user_look_ahead)

    def forward(self, agent_audio: Tensor, user_audio: Tensor, user_motion: Tensor) -> Tensor:
        """Motion float32 (batch, T, columns)."""
        kind = user_motion.device.type
        half = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None
        with torch.autocast(kind, enabled=False):
            if half is not None:
                self.model.in_precision(half)
            with self.model.streaming(len(user_motion)) as stepper:
                return self._streamed(stepper, _framed(agent_audio), _framed(user_audio), user_motion)

    def _streamed(self, stepper: Stepper, agent: Tensor, user: Tensor, user_motion: Tensor) -> Tensor:
        config, device = self.model.config, user_motion.device
        slots, frames = user_motion.shape[:2]
        chance = Chance(slots, config.rests, deterministic=True)
        everyone = torch.ones(slots, dtype=torch.bool, device=device)
        silence = torch.zeros(slots, FRAME_SAMPLES, device=device)
        style = torch.zeros(slots, STYLE, device=device)
        for frame in range(min(config.agent_look_ahead, agent.shape[1])):
            stepper.hear_ahead(everyone, agent[:, frame])
        for frame in range(min(config.user_look_ahead, user.shape[1])):
            stepper.hear_user_ahead(everyone, user[:, frame])
        known = ~user_motion.isnan().any(dim=2)
        out = []
        for frame in range(frames):
            said, heard = frame + config.agent_look_ahead, frame + config.user_look_ahead
            fresh = said < agent.shape[1]
            motion = stepper.step(
                everyone,
                everyone if fresh else ~everyone,
                agent[:, said] if fresh else silence,
                user[:, heard] if heard < user.shape[1] else silence,
                user_motion[:, frame],
                known[:, frame],
                style,
                chance,
            )
            out.append(motion.float())
        return torch.stack(out, dim=1)


class LiveModel:
    """A streaming model on a whole conversation from its beginning, as it would run live.

    ``precision`` is the type that it computes in, None for single.
    """

    def __init__(
        self,
        model: StreamedModel,
        *,
        name: str = "streaming",
        device: str = "cpu",
        precision: torch.dtype | None = None,
    ) -> None:
        self.label = f"{name}, live"
        self._model = model.to(device).eval()
        self._device = device
        self._precision = precision

    def predict(self, conversation: Conversation) -> FloatArray:
        """See ``System``; a partner's motion that isn't there isn't known to the model."""
        theirs = conversation.user_motion
        if theirs is None:
            theirs = np.full_like(conversation.agent_motion, np.nan)
        kind = torch.device(self._device).type  # autocast takes cuda, not cuda:1
        half = self._precision is not None
        given = (conversation.agent_pcm, conversation.user_pcm, theirs)
        with torch.inference_mode(), torch.autocast(kind, self._precision, enabled=half):
            motion = self._model(*(torch.from_numpy(part)[None].to(self._device) for part in given))
        predicted: FloatArray = motion[0].cpu().numpy()
        return predicted


def _framed(sound: Tensor) -> Tensor:
    return sound.reshape(len(sound), -1, FRAME_SAMPLES)
