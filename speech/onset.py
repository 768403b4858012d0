"""Surely somebody speaks: known sooner than by counting frames, and not taken in by a knock.

A voice activity model needs a frame or two to make up its mind, but then it says so of any short burst that
sounds like a voice. A burst is over soon, though: so the sound's own length is asked for too, measured in
blocks of 10 ms.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from speech.audio import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE

SURE_SPEECH: Final = 0.1  # seconds of sound; a burst of 80 ms measures 90 at most
_BLOCK: Final = SAMPLE_RATE // 100  # samples, 10 ms
_BLOCKS: Final = FRAME_SAMPLES // _BLOCK  # a frame
_LIKELY: Final = 0.5  # probability from which a frame belongs to the speech
_CLEAR: Final = 0.8  # probability at which one frame is enough to call it a voice
_LIKELY_FRAMES: Final = 3  # frames of likely speech that are as good as a clear one
_BEFORE: Final = 5  # frames before the first likely one in which the sound may have begun
_REMEMBERED: Final = 64  # frames of speech that are counted, 2.56 s
_FALL: Final = 10 ** (-25 / 10)  # of the loudest block's power; what is below isn't part of the sound
_STILL: Final = 2  # blocks of the latest frame that must sound, or it is over already


class SpeechOnset:
    """Follows one stream of sound, frame by frame, and tells how long somebody has surely been speaking."""

    def __init__(self) -> None:
        self._power: deque[NDArray[np.float64]] = deque(maxlen=_BEFORE)  # of each frame's blocks
        self._speech: deque[NDArray[np.float64]] = deque(maxlen=_REMEMBERED)
        self._likely = 0  # frames
        self._clear = False

    def step(self, pcm: NDArray[np.float32], probability: float) -> float:
        """Take a frame (640,) at 16 kHz and its speech probability; returns seconds of sure speech, or 0.

        The seconds count what sounds, without pauses, from before the model noticed.
        """
        power = np.mean(pcm.astype(np.float64).reshape(_BLOCKS, _BLOCK) ** 2, axis=1)
        if probability < _LIKELY:
            self._power.append(power)
            self._speech.clear()
            self._likely, self._clear = 0, False
            return 0.0
        if not self._speech:
            self._speech.extend(self._power)
            self._power.clear()
        self._speech.append(power)
        self._likely += 1
        self._clear = self._clear or probability >= _CLEAR or self._likely >= _LIKELY_FRAMES
        if not self._clear:
            return 0.0
        sounding = np.stack(self._speech) >= _FALL * max(float(block.max()) for block in self._speech)
        if sounding[-1].sum() < _STILL:
            return 0.0
        return float(sounding.sum()) * FRAME_SECONDS / _BLOCKS
