"""Which frames of the agent's sound are new to ears that run ahead of the face."""

from __future__ import annotations

import numpy as np

from avatar.animator import FloatArray


class HeardAhead:
    """Remembers what one slot's ears have heard beyond the present frame.

    A queue of sound that is known early is usually the one of the frame before, one frame on; but an
    utterance that has just begun brings several new frames at once, and one that was cut off replaces what
    was heard.
    """

    def __init__(self) -> None:
        self._heard: list[FloatArray] = []

    def new_frames(self, present: FloatArray, ahead: FloatArray) -> list[FloatArray]:
        """The frames to be heard now: ``present`` (640,) plays, ``ahead`` (frames, 640) follows.

        Rows of ``ahead`` from the first NaN on aren't known yet.
        """
        known = [present]
        for frame in ahead:
            if np.isnan(frame[0]):
                break
            known.append(frame)
        expected = self._heard[1:]
        same = 0
        for old, new in zip(expected, known, strict=False):
            if not np.array_equal(old, new):
                break
            same += 1
        if same < len(known):
            self._heard = [frame.copy() for frame in known]
            return known[same:]
        self._heard = expected  # nothing new, and more was heard than is known now
        return []
