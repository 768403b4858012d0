"""Sound to encoder output, over the full 30 s window or only over the utterance.

The decoder was trained against 1,500 encoder positions. Encoding fewer makes it loop; encoding the utterance
plus a little silence and filling the rest with the encoder's output for silence, computed once, keeps the
text while the encoder does a tenth of the work.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from whisper.audio import N_SAMPLES, N_SAMPLES_PER_TOKEN, SAMPLE_RATE, log_mel_spectrogram
from whisper.model import Whisper

from speech.whisper.errors import DecodingStopped

WINDOW_SECONDS = N_SAMPLES / SAMPLE_RATE  # 30
POSITION_SECONDS = N_SAMPLES_PER_TOKEN / SAMPLE_RATE  # .02: one encoder position
MIN_POSITIONS = 25  # half a second: below this the convolution's edge is most of what there is


@dataclass(frozen=True, slots=True)
class Encoded:
    """Encoder output of one window.

    ``features`` is (positions, n_audio_state): 1,500 positions for the full window, fewer for the short one,
    where silence stands for the rest. ``speech_positions`` is how many of them the utterance itself covers.
    """

    features: Tensor
    speech_positions: int


class Encoder:
    """Runs Whisper's encoder on as much of the window as it needs."""

    def __init__(self, model: Whisper, dtype: torch.dtype = torch.float32) -> None:
        self._model = model
        self._dtype = dtype  # of the activations: the library's layers cast their weights to it
        self._encoder = model.encoder
        self._positions = model.dims.n_audio_ctx

    def silence(self) -> Tensor:
        """Encoder output of 30 s of digital silence, (1500, n_audio_state)."""
        return self._encode(np.zeros(N_SAMPLES, np.float32), self._positions, threading.Event())

    def encode(self, pcm: NDArray[np.float32], tail: float | None, stop: threading.Event) -> Encoded:
        """Encode float32 (samples,), 16 kHz, at most 30 s, and ``tail`` seconds of silence after it.

        ``tail`` None encodes the full window. Raises `DecodingStopped` between layers once ``stop`` is set.
        """
        speech = -(-pcm.shape[0] // N_SAMPLES_PER_TOKEN)
        positions = self._positions
        if tail is not None:
            positions = min(positions, max(MIN_POSITIONS, speech + round(tail / POSITION_SECONDS)))
        return Encoded(self._encode(pcm, positions, stop), min(speech, positions))

    def _encode(self, pcm: NDArray[np.float32], positions: int, stop: threading.Event) -> Tensor:
        padded = np.zeros(positions * N_SAMPLES_PER_TOKEN, np.float32)
        padded[: pcm.shape[0]] = pcm
        mel = log_mel_spectrogram(torch.from_numpy(padded), self._model.dims.n_mels)
        x = mel[None].to(self._model.device, self._dtype)
        x = F.gelu(self._encoder.conv1(x))
        x = F.gelu(self._encoder.conv2(x)).permute(0, 2, 1)
        x = x + self._encoder.positional_embedding[:positions].to(self._dtype)
        for block in self._encoder.blocks:
            if stop.is_set():
                raise DecodingStopped
            x = block(x)
        features: Tensor = self._encoder.ln_post(x)[0]
        return features
