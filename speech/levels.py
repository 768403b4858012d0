"""How loud a voice is while it speaks, whatever it pauses."""

from __future__ import annotations

import numpy as np

from speech.audio import FloatArray

_RANGE = 1e-3  # of the loudest block's power, 30 dB: what is below is a pause


def active_level(pcm: FloatArray, sample_rate: int) -> float:
    """RMS, 0..1, of the 10 ms blocks of ``pcm`` (samples,) that are within 30 dB of the loudest: speech, not
    pauses. 0 for digital silence, or less than a block.
    """
    block = sample_rate // 100
    blocks = pcm[: len(pcm) // block * block].reshape(-1, block).astype(np.float64)
    if not len(blocks):
        return 0.0
    power = np.mean(blocks**2, axis=1)
    return float(np.sqrt(np.mean(power[power >= np.max(power) * _RANGE])))
