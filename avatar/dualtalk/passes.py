"""One pass of DualTalk over a batch of windows, wherever and however precisely it is to run."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import parametrize

from avatar.animator import FRAME_SAMPLES, FloatArray
from avatar.config import WindowOptions
from avatar.device import device_named
from avatar.dualtalk.model import DualTalk

PRECISION = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


class Passes:
    """Runs a model, which it takes over: weight normalisation multiplied out, on ``device``, in half
    precision and compiled if told.
    """

    def __init__(self, model: DualTalk, device: str, options: WindowOptions) -> None:
        self._device = device_named(device)
        _fold(model)
        self._model = model.eval().to(self._device, PRECISION[options.dtype])
        self._frames = options.window_frames
        self._compiled = options.compile
        self._call = torch.compile(self._model) if options.compile else self._model

    @property
    def columns(self) -> int:
        """Columns of the model's motion."""
        return self._model.config.blendshape_dim

    def warm(self, slots: int) -> None:
        """Do before the first frame what would make it late: compiling, and a GPU's first choices."""
        if self._device.type == "cpu" and not self._compiled:
            return
        for size in _sizes(slots) if self._compiled else (1, slots):
            sound = np.zeros((size, self._frames * FRAME_SAMPLES), dtype=np.float32)
            self(sound, sound, np.zeros((size, self._frames, self.columns), dtype=np.float32))

    def __call__(self, agent: FloatArray, user: FloatArray, motion: FloatArray) -> FloatArray:
        """Motion (n, frames, columns) of n windows: sounds (n, samples), the user's motion as is returned."""
        count = len(agent)
        # A compiled model is made anew for each batch size, so there are few of them: 1, 2, 4, 8, ...
        size = _sizes(count)[-1] if self._compiled else count
        with torch.inference_mode():
            inputs = [self._tensor(array, size) for array in (agent, user, motion)]
            made: Tensor = self._call(*inputs)[:count]
            return made.float().cpu().numpy()

    def _tensor(self, array: FloatArray, size: int) -> Tensor:
        padded = np.pad(array, [(0, size - len(array)), *[(0, 0)] * (array.ndim - 1)])
        return torch.from_numpy(padded).to(self._device)


def _fold(model: DualTalk) -> None:
    """Multiply out the positional convolutions' weight normalisation, while the weights are still exact."""
    for encoder in (model.joint_encoder.audio_encoder1, model.joint_encoder.audio_encoder2):
        convolution = encoder.encoder.pos_conv_embed.conv
        if parametrize.is_parametrized(convolution, "weight"):
            parametrize.remove_parametrizations(convolution, "weight")


def _sizes(slots: int) -> list[int]:
    """Powers of two up to the first that holds ``slots``."""
    return [2**power for power in range((slots - 1).bit_length() + 1)]
