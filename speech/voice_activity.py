"""Streaming voice activity: the probability that a 40 ms frame holds speech.

Silero VAD (https://github.com/snakers4/silero-vad, MIT) through ONNX Runtime. Neither torch nor the
package's own Python is imported, so that a process which only listens stays light.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from speech.audio import FRAME_SAMPLES, SAMPLE_RATE

WINDOW_SAMPLES = 512  # 32 ms: the model's hop at 16 kHz
CONTEXT_SAMPLES = 64  # 4 ms of the window before, which the model sees again
STATE_SHAPE = (2, 1, 128)  # LSTM hidden and cell state, one stream


class VoiceActivityError(ValueError):
    """The voice activity model is missing, or a frame has the wrong shape; the message names the remedy."""


class VoiceActivityConfig(BaseModel):
    """Which voice activity model runs, and with how many threads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(
        default="",
        description="Path of a 16 kHz Silero ONNX file; empty takes the one in the silero-vad package",
    )
    threads: int = Field(default=1, ge=1, le=8, description="CPU threads of the model (threads)")


class VoiceActivity(Protocol):
    """Anything that judges frames of sound one by one."""

    def step(self, pcm: NDArray[np.float32]) -> float:
        """Take one frame, float32 (640,) at 16 kHz, and return the probability 0..1 that it holds speech."""
        ...

    def reset(self) -> None:
        """Forget the stream so far."""
        ...


def _packaged_model() -> Path:
    # find_spec locates a top-level package without running it (running it would import torch).
    spec = importlib.util.find_spec("silero_vad")
    if spec is None or not spec.submodule_search_locations:
        raise VoiceActivityError(
            "the silero-vad package is not installed; run `pip install silero-vad` or name an ONNX file"
        )
    return Path(next(iter(spec.submodule_search_locations))) / "data" / "silero_vad.onnx"


class SileroVoiceActivity:
    """Silero VAD for one stream of sound, about .3 ms a frame on one core.

    The model hops 512 samples and frames are 640, so samples are left over: a frame completes one window,
    every fourth frame two, and up to 511 samples wait for the next frame. The probability of a frame is the
    largest of the windows which it completed; it lags the sound by 32 ms at most.
    """

    def __init__(self, config: VoiceActivityConfig | None = None) -> None:
        config = config or VoiceActivityConfig()
        path = Path(config.model) if config.model else _packaged_model()
        if not path.is_file():
            raise VoiceActivityError(
                f"{path}: no such voice activity model; reinstall silero-vad or fix the path"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = config.threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._rate = np.array(SAMPLE_RATE, dtype=np.int64)
        self.reset()

    def reset(self) -> None:
        """Forget the stream so far."""
        self._state = np.zeros(STATE_SHAPE, np.float32)
        self._context = np.zeros(CONTEXT_SAMPLES, np.float32)
        self._pending = np.zeros(0, np.float32)

    def step(self, pcm: NDArray[np.float32]) -> float:
        """Take one frame, float32 (640,) at 16 kHz, and return the probability 0..1 that it holds speech.

        Raises `VoiceActivityError` on a wrong shape or on samples that are not finite, and then keeps its
        state.
        """
        if pcm.shape != (FRAME_SAMPLES,):
            raise VoiceActivityError(
                f"a frame has shape ({FRAME_SAMPLES},), not {pcm.shape}; cut with audio.frames"
            )
        if not np.isfinite(pcm).all():
            raise VoiceActivityError("the frame holds NaN or infinity; check the sound before it comes here")
        samples = np.concatenate((self._pending, pcm.astype(np.float32, copy=False)))
        probability = 0.0
        start = 0
        while samples.shape[0] - start >= WINDOW_SAMPLES:
            window = samples[start : start + WINDOW_SAMPLES]
            probability = max(probability, self._window(window))
            start += WINDOW_SAMPLES
        self._pending = samples[start:]
        return probability

    def _window(self, window: NDArray[np.float32]) -> float:
        known = np.concatenate((self._context, window))
        output, self._state = self._session.run(
            None, {"input": known[None], "state": self._state, "sr": self._rate}
        )
        self._context = window[-CONTEXT_SAMPLES:]
        return float(output[0, 0])
