"""How loud a voice is while it speaks."""

from __future__ import annotations

import numpy as np
import pytest

from speech.levels import active_level

RATE = 24_000
TONE = (0.3 * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)).astype(np.float32)


def test_the_level_of_speech_ignores_its_pauses() -> None:
    silence = np.zeros(RATE, np.float32)
    with_pauses = np.concatenate([silence, TONE, silence])
    assert active_level(with_pauses, RATE) == pytest.approx(0.3 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize("samples", [0, 100, RATE], ids=["nothing", "less than a block", "digital silence"])
def test_silence_has_none(samples: int) -> None:
    assert active_level(np.zeros(samples, np.float32), RATE) == 0.0
