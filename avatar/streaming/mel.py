"""Log-mel frames of 10 ms, four to a frame of 40 ms, with nothing from the future."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchaudio.functional import melscale_fbanks

from avatar.animator import FRAME_SAMPLES, SAMPLE_RATE

HOP = 160  # samples, 10 ms
WINDOW = 400  # samples, 25 ms
FFT = 1024  # finer than the window asks for: low bands are narrow, and pitch shows in them
HOPS = FRAME_SAMPLES // HOP  # mel frames in a frame of 40 ms
CARRY = WINDOW - HOP  # samples of the frame before that the first window reaches back to
BAND = (50.0, 7600.0)  # Hz
FLOOR = 1e-7  # power below which everything is silence


class LogMel(nn.Module):
    """Power spectra on the mel scale, natural logarithm. No weights to train."""

    window: Tensor
    filters: Tensor

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.bands = bands
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)
        filters = melscale_fbanks(FFT // 2 + 1, *BAND, bands, SAMPLE_RATE)
        self.register_buffer("filters", filters, persistent=False)

    def forward(self, pcm: Tensor, carry: Tensor) -> tuple[Tensor, Tensor]:
        """Sound (batch, 640 * frames), the 240 samples before it -> (batch, frames, 4, bands), new carry."""
        joined = torch.cat((carry, pcm), dim=1)
        pieces = joined.unfold(1, WINDOW, HOP) * self.window
        spectrum = torch.fft.rfft(pieces, n=FFT)
        power = spectrum.real.square() + spectrum.imag.square()
        mel = (power @ self.filters + FLOOR).log()
        return mel.reshape(pcm.shape[0], -1, HOPS, self.bands), joined[:, -CARRY:]


def band_centres(bands: int) -> NDArray[np.float64]:
    """Frequencies at which the bands are most sensitive, (bands,), Hz."""
    low, high = (2595 * np.log10(1 + edge / 700) for edge in BAND)
    return np.asarray(700 * (10 ** (np.linspace(low, high, bands + 2)[1:-1] / 2595) - 1))
