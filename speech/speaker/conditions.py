"""One voice as it may sound later in the same conversation: in noise, from further away.

What an encoder makes of a voice moves with the noise and the room almost as far as it does from one person to
another. So a voice is learnt as it would sound under each of these conditions, and whoever speaks later is
held against the one that fits best.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfilt

from speech.audio import SAMPLE_RATE
from speech.noise import pink_noise

NOISES: Final = (15.0, 5.0)  # dB that the voice is above them
DULL: Final = 3_000.0  # Hz, above which the far side of a room loses 12 dB an octave
REVERBERATION: Final = 0.35  # seconds until a room's answer has fallen by 60 dB
DIRECT: Final = 2.0  # power of the direct sound over the room's answer
CONDITIONS: Final = 2 + len(NOISES)


def under_conditions(pcm: NDArray[np.float32], rng: np.random.Generator) -> list[NDArray[np.float32]]:
    """``CONDITIONS`` versions (samples,) of speech at 16 kHz: as it is, from far away, in two noises."""
    rms = float(np.sqrt(np.mean(pcm.astype(np.float64) ** 2)))
    noise = pink_noise(pcm.size, rng) * rms
    noisy = [np.asarray(pcm + noise * 10 ** (-above / 20), np.float32) for above in NOISES]
    return [pcm, far(pcm, rng), *noisy]


def far(pcm: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Speech (samples,) as from the other side of a room that ``rng`` builds: duller, with its answer."""
    time = np.arange(round(REVERBERATION * SAMPLE_RATE)) / SAMPLE_RATE
    answer = rng.normal(0, 1, time.size) * 10 ** (-3 * time / REVERBERATION)
    answer /= np.sqrt(DIRECT * np.sum(answer**2))
    answer[0] = 1.0
    dull = sosfilt(butter(2, DULL, fs=SAMPLE_RATE, output="sos"), pcm)
    return np.asarray(fftconvolve(dull, answer)[: pcm.size], np.float32)
