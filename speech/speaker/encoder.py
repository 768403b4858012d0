"""A stretch of speech to a direction in which the voice lies: the GE2E encoder (Wan et al. 2018).

Weights: Resemblyzer's (https://github.com/resemble-ai/Resemblyzer, Apache-2.0), of whose code nothing runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from speech.onnx_options import beside_others
from speech.speaker.checkpoint import weights_of
from speech.speaker.errors import SpeakerError
from speech.speaker.graph import graph
from speech.speaker.spectrum import mel_bands

WINDOW: Final = 160  # frames, 1.6 s: what the encoder was trained on
STEP: Final = 77  # frames between windows
COVERED: Final = 0.75  # share of the last window that must be filled
SHORTEST: Final = 0.3  # seconds of speech of which anything can be said
_SHORTEST_SAMPLES: Final = round(SHORTEST * 16_000)


class SpeakerConfig(BaseModel):
    """Which model tells voices apart, and with how many threads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(
        default="ge2e-speaker", description="Registered name or path of a GE2E encoder, a PyTorch file."
    )
    threads: int = Field(default=1, ge=1, le=8, description="CPU threads of the model (threads).")


class SpeakerEncoder:
    """The GE2E encoder; calls may come from several threads.

    Raises ``SpeakerError`` when the model's file is missing or no such model.
    """

    def __init__(self, config: SpeakerConfig) -> None:
        self._session = onnxruntime.InferenceSession(
            graph(weights_of(Path(config.model))),
            sess_options=beside_others(config.threads),
            providers=["CPUExecutionProvider"],
        )

    def embed(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """A direction (256,) of length 1 for speech (samples,) at 16 kHz without longer silences.

        Two stretches of one voice have a cosine near 1. What is shorter than 1.6 s is heard as it is, longer
        speech in windows of that length, whose directions are averaged. Raises ``SpeakerError`` on less than
        0.3 s, on a wrong shape, and on samples that aren't finite or are all nought.
        """
        if pcm.ndim != 1 or not np.isfinite(pcm).all():
            raise SpeakerError(
                f"speech is finite sound of shape (samples,), not {pcm.shape}; check it before"
            )
        if pcm.size < _SHORTEST_SAMPLES or not pcm.any():
            raise SpeakerError(
                f"{pcm.size / 16_000:.2f} s of sound say nothing of a voice; give {SHORTEST:g} s that sounds"
            )
        mels = mel_bands(pcm)
        raw = np.mean(self._session.run(None, {"mels": _windows(mels)})[0], axis=0)
        length = float(np.linalg.norm(raw))
        if length == 0:
            raise SpeakerError("the encoder hears no voice in this sound; give speech")
        return np.asarray(raw / length, np.float32)


def _windows(mels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Spectra (frames, 40) as overlapping windows (160 or fewer, windows, 40), the last one filled up."""
    frames = len(mels)
    if frames <= WINDOW:
        return mels[:, None]
    starts = [at for at in range(0, frames, STEP) if at == 0 or frames - at >= COVERED * WINDOW]
    padded = np.pad(mels, ((0, max(0, starts[-1] + WINDOW - frames)), (0, 0)))
    return np.stack([padded[at : at + WINDOW] for at in starts], axis=1)
