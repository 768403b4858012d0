"""Noise behind a voice: white, pink, and other people talking."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from avatar.animator import FloatArray
from avatar.training.dyads.utterance import Utterance

Array = NDArray[np.float64]
Noise = Callable[[int, np.random.Generator], FloatArray]

TALKERS = 4  # in a babble
LATE = 16_000  # samples
PINK = (  # three zeros and poles that fall by 3 dB an octave (Kellet)
    (0.049922035, -0.095993537, 0.050612699, -0.004408786),
    (1.0, -2.494956002, 2.017265875, -0.522189400),
)


def white(samples: int, rng: np.random.Generator) -> FloatArray:
    """The same power at every frequency, root mean square 1."""
    return rng.standard_normal(samples, dtype=np.float32)


def pink(samples: int, rng: np.random.Generator) -> FloatArray:
    """Power that falls by 3 dB an octave, root mean square 1."""
    return _even(lfilter(*PINK, white(samples, rng)))


def babble(crowd: Sequence[Utterance]) -> Noise:
    """Noise of several of ``crowd`` talking at once, root mean square 1."""

    def noise(samples: int, rng: np.random.Generator) -> FloatArray:
        total = np.zeros(samples, dtype=np.float32)
        for _ in range(TALKERS):
            at = 0
            skipped = int(rng.integers(LATE))  # so that they don't all begin an utterance at once
            while at < samples:
                said = crowd[int(rng.integers(len(crowd)))].pcm[skipped:][: samples - at]
                total[at : at + len(said)] += said
                at += max(1, len(said))
                skipped = 0
        return _even(total)

    return noise


def _even(sound: Array | FloatArray) -> FloatArray:
    strength = float(np.sqrt(np.mean(np.square(sound))))
    return np.asarray(sound / max(strength, 1e-9), dtype=np.float32)
