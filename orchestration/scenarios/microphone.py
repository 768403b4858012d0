"""The agent's microphone in a scenario: everybody who sounds at the same time, frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from orchestration.media import FRAME_SECONDS, USER_FRAME_SAMPLES, FloatArray, silence


@dataclass
class _Layer:
    frames: FloatArray  # (frames, 640)
    began: Callable[[float], None]
    ended: Callable[[float], None]
    next: int = 0


class Microphone:
    """Mixes sounds from now on; tells when the first and after the last of a sound was recorded.

    ``exclusive``: where somebody speaks (positive samples), the latest alone is heard.
    """

    def __init__(self, *, exclusive: bool = False) -> None:
        self._exclusive = exclusive
        self._layers: list[_Layer] = []

    def play(self, pcm: FloatArray, began: Callable[[float], None], ended: Callable[[float], None]) -> None:
        """Add a sound (samples,) at 16 kHz; both calls get the session time in seconds."""
        padded = np.pad(pcm, (0, -pcm.size % USER_FRAME_SAMPLES))
        self._layers.append(_Layer(padded.reshape(-1, USER_FRAME_SAMPLES), began, ended))

    def record(self, now: float) -> FloatArray:
        """The next frame (640,), recorded at ``now`` seconds of session time."""
        mixed = silence(USER_FRAME_SAMPLES)
        for layer in self._layers:
            if layer.next == 0:
                layer.began(now)
            frame = layer.frames[layer.next]
            speaks = self._exclusive and (frame > 0).any()
            if speaks or not self._exclusive or not (mixed > 0).any():
                mixed = frame.copy() if self._exclusive else mixed + frame
            layer.next += 1
            if layer.next == len(layer.frames):
                layer.ended(now + FRAME_SECONDS)
        self._layers = [layer for layer in self._layers if layer.next < len(layer.frames)]
        return mixed if self._exclusive else np.clip(mixed, -1, 1)
