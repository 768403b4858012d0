"""From one pass to the next without a jump: passes overlap, and their difference fades."""

from __future__ import annotations

import numpy as np

from avatar.animator import FloatArray


class OverlapBlend:
    """Shows frames of one pass after another; the first pass takes over from a face at rest.

    Two passes never agree on a frame, since each sees another window. So a new pass is compared with what was
    shown last, at that same frame, and the difference is kept and fades linearly over the next ``frames``
    frames. This costs no delay, unlike a cross-fade, for which the older pass would have to see further.
    """

    def __init__(self, frames: int, columns: int) -> None:
        self._frames = frames
        self._shown = np.zeros(columns, dtype=np.float32)
        self._offset = np.zeros(columns, dtype=np.float32)
        self._age = 0  # frames since the pass began to be shown
        self._next: FloatArray = np.zeros((0, columns), dtype=np.float32)

    def take(self, shown_last: FloatArray, following: FloatArray) -> None:
        """Go over to a new pass: its (columns,) for the frame shown last, its (n, columns) for the next n."""
        offset = self._shown - shown_last
        # After a pass that overflowed there is nothing to come from.
        self._offset = offset if np.isfinite(offset).all() else np.zeros_like(offset)
        self._next = following
        self._age = 0

    def step(self) -> FloatArray:
        """The next frame, (columns,); the last shown again where no pass has come yet or frames ran out."""
        if self._age < len(self._next):
            left = max(0.0, 1.0 - (self._age + 1) / (self._frames + 1))
            self._shown = (self._next[self._age] + left * self._offset).astype(np.float32)
            self._age += 1
        return self._shown
