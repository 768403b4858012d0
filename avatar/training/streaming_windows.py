"""A data set's windows as the streaming model takes them, and its loss on them."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from avatar.motion import COLUMNS
from avatar.streaming.model import Inputs, StreamingDualTalk
from avatar.streaming.modules import STYLE
from avatar.streaming.state import OVER
from avatar.training.dualtalk_windows import WindowBatch
from avatar.training.streaming_loss import motion_parts
from avatar.training.streaming_spread import MotionSpread


def inputs_of(model: StreamingDualTalk, windows: WindowBatch) -> tuple[Inputs, Tensor]:
    """What the model is given for windows of T frames, and the motion that is due, (batch, T', columns).

    T' is T less the look-ahead: sound leads motion by so many frames, and of a window's last frames what
    lies ahead isn't known. A window is a conversation's beginning: nothing was heard before, and ``own``
    begins with a face at rest, the true frames following. Nothing is known of valence and floor.
    """
    config = model.config
    batch, frames = windows.agent_motion.shape[:2]
    due = frames - max(config.agent_look_ahead, config.user_look_ahead)
    device = windows.agent_motion.device
    with torch.no_grad(), torch.autocast(device.type, enabled=False):
        heard = model.hear(torch.cat((windows.agent_audio, windows.user_audio)))
    agent, user = heard.chunk(2)
    truth = windows.agent_motion[:, :due]
    inputs = Inputs(
        agent=agent[:, : due + config.agent_look_ahead],
        user=user[:, : due + config.user_look_ahead],
        user_motion=windows.user_motion[:, :due],
        known=torch.ones(batch, due, dtype=torch.bool, device=device),
        style=torch.zeros(batch, due, STYLE, device=device),
        own=_before(truth),
        since=torch.full((batch, due, config.gestures), OVER, device=device),
        strength=torch.zeros(batch, due, config.gestures, device=device),
    )
    return inputs, truth


class StreamingLoss:
    """Called with a model and a ``WindowBatch``; gives the loss and its parts.

    ``known_motion`` is the share of windows in which the partner's motion is given, ``feedback`` that in
    which the model is given its own frames while it is trained, ``noise`` what is put on true ones, in
    standard deviations. A model that isn't being trained is always given its own, as it is live.
    """

    def __init__(
        self, spread: MotionSpread, *, known_motion: float = 0.5, feedback: float = 0.7, noise: float = 0.05
    ) -> None:
        self._scale = spread.scale(arkit=len(spread.place) == COLUMNS)
        self._deviation = torch.from_numpy(spread.place)
        self._known, self._feedback, self._noise = known_motion, feedback, noise

    def __call__(self, model: StreamingDualTalk, windows: WindowBatch) -> tuple[Tensor, dict[str, float]]:
        """The mean over the batch's windows and the frames that are due, as a scalar tensor."""
        inputs, truth = inputs_of(model, windows)
        device = truth.device
        known = _some(len(windows), self._known, device)
        inputs = replace(inputs, known=inputs.known & known[:, None])
        x, agent = model.encode(inputs)
        with torch.no_grad():
            own = _before(model.alone(x, agent, inputs).float())
        if model.training:
            noisy = inputs.own + self._noise * self._deviation.to(device) * torch.randn_like(inputs.own)
            own = torch.where(_some(len(windows), self._feedback, device)[:, None, None], own, noisy)
        motion = model.synthesise(x, agent, replace(inputs, own=own)).float()
        counts = torch.ones(motion.shape[:2], dtype=torch.bool, device=device)
        with torch.autocast(device.type, enabled=False):
            parts = motion_parts(motion, truth, counts, self._scale.to(device))
        total: Tensor = torch.stack(list(parts.values())).sum()
        return total, {name: float(part.detach()) for name, part in parts.items()}


def _before(motion: Tensor) -> Tensor:
    return torch.cat((torch.zeros_like(motion[:, :1]), motion[:, :-1]), dim=1)


def _some(count: int, share: float, device: torch.device) -> Tensor:
    """True for about that share of ``count`` windows, drawn by torch's seed whatever the device."""
    return (torch.rand(count) < share).to(device)
