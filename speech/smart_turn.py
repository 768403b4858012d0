"""Does it sound as if the speaker had finished? Smart Turn v3, which hears the turn so far.

The model (https://github.com/pipecat-ai/smart-turn, BSD-2-Clause) is Whisper tiny's encoder with a classifier
on it, in ONNX. Neither torch nor its own package is imported, so that a process which only listens stays
light. On its own it takes too many pauses for ends (docs/turn-taking.md): use it as evidence among other.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from speech.audio import SAMPLE_RATE
from speech.onnx_options import beside_others

WINDOW_SECONDS: Final = 8  # of sound that the model hears, the latest
WINDOW_SAMPLES: Final = WINDOW_SECONDS * SAMPLE_RATE
MELS: Final = 80
HOP: Final = 160  # samples, 10 ms
FFT: Final = 400  # samples, 25 ms
FLOOR: Final = 1e-10  # power below which the spectrum isn't followed
RANGE: Final = 8.0  # powers of ten below the loudest that are kept
HANN: Final = np.hanning(FFT + 1)[:-1]  # periodic, as torch's


class SmartTurnError(ValueError):
    """The end-of-turn model is missing, or its input is no sound; the message names the remedy."""


class SmartTurnConfig(BaseModel):
    """Which end-of-turn model runs, and with how many threads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(
        default="smart-turn-v3.2", description="Registered name or path of a Smart Turn v3 ONNX file."
    )
    threads: int = Field(default=1, ge=1, le=8, description="CPU threads of the model (threads).")


class SmartTurn:
    """Smart Turn v3: about 100 ms a call on one slow core; calls may come from several threads.

    Raises ``SmartTurnError`` when the model's file is missing or no such model.
    """

    def __init__(self, config: SmartTurnConfig) -> None:
        path = Path(config.model)
        if not path.is_file():
            raise SmartTurnError(
                f"{config.model}: no such end-of-turn model; run `visavis models install smart-turn-v3.2` "
                "or set `turn_taking.end_of_turn.policy: silence`"
            )
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), sess_options=beside_others(config.threads), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has no public base of its own for what it raises
            raise SmartTurnError(
                f"{path}: not a model that ONNX Runtime can load ({error}); run `visavis models install "
                "smart-turn-v3.2 --force`"
            ) from error
        inputs = [(entry.name, list(entry.shape[1:])) for entry in self._session.get_inputs()]
        if inputs != [("input_features", [MELS, WINDOW_SAMPLES // HOP])]:
            raise SmartTurnError(
                f"{path}: takes {inputs}, which no Smart Turn v3 model does; run `visavis models install "
                "smart-turn-v3.2`"
            )

    def probability(self, pcm: NDArray[np.float32]) -> float:
        """Probability 0..1 that the turn (samples,) at 16 kHz, up to its pause, is over.

        Only the last 8 s are heard. Raises ``SmartTurnError`` on a wrong shape or samples that aren't finite.
        """
        if pcm.ndim != 1 or pcm.size == 0 or not np.isfinite(pcm).all():
            raise SmartTurnError(
                f"a turn is finite sound of shape (samples,), not {pcm.shape}; check it before"
            )
        output = self._session.run(None, {"input_features": log_mel(pcm)[None]})[0]
        return float(output[0, 0])


def log_mel(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    """Whisper's spectrum (80, 800) of the last 8 s of ``pcm`` (samples,) at 16 kHz, levelled.

    Shorter sound is preceded by silence; the sound has mean 0 and variance 1 before it is transformed, as in
    the model's training.
    """
    latest = pcm[-WINDOW_SAMPLES:].astype(np.float32, copy=False)
    sound = np.pad(latest, (WINDOW_SAMPLES - latest.size, 0))
    sound = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
    padded = np.pad(sound.astype(np.float64), FFT // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP][:-1]
    power = np.abs(np.fft.rfft(windows * HANN)) ** 2
    spectrum = np.log10(np.maximum(_mel_filters() @ power.T, FLOOR))
    spectrum = np.maximum(spectrum, spectrum.max() - RANGE)
    levelled: NDArray[np.float32] = ((spectrum + 4) / 4).astype(np.float32)
    return levelled


@cache
def _mel_filters() -> NDArray[np.float64]:
    """Whisper's own filters (80, 201), read from its package without running it, which imports torch."""
    spec = importlib.util.find_spec("whisper")
    if spec is None or not spec.submodule_search_locations:
        raise SmartTurnError("the openai-whisper package is not installed; run `pip install openai-whisper`")
    path = Path(next(iter(spec.submodule_search_locations))) / "assets" / "mel_filters.npz"
    with np.load(path, allow_pickle=False) as filters:
        return np.asarray(filters[f"mel_{MELS}"], np.float64)
