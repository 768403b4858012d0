"""What every animator offers: sound (and the partner's motion) in, one frame of face out, every 40 ms."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FRAME_RATE = 25  # frames a second
SAMPLE_RATE = 16_000  # samples a second, mono, both sides
FRAME_SAMPLES = SAMPLE_RATE // FRAME_RATE  # 640: one frame of sound

FloatArray = NDArray[np.float32]


class Face(Protocol):
    """One agent's face, streaming; the state of one conversation."""

    def step(
        self,
        agent_pcm: FloatArray,
        user_pcm: FloatArray,
        user_motion: FloatArray | None = None,
        agent_ahead: FloatArray | None = None,
    ) -> FloatArray:
        """Advance one frame: two float32 (640,) sounds, -1..1, and the user's float32 (61,) motion if known.

        ``agent_ahead``, float32 (look_ahead, 640), is the agent's sound after this frame, NaN where it isn't
        known yet; an animator whose ``look_ahead`` is 0 takes no notice of it.
        Returns the agent's motion, float32 (61,). Raises ``MotionError`` on wrong shapes or non-finite input.
        """
        ...


class SlotBank(Protocol):
    """A fixed number of slots, each the streaming state of one session, stepped together."""

    slots: int
    look_ahead: int  # frames of the agent's own sound that it makes use of ahead of time

    def reset(self, slot: int, seed: int) -> None:
        """Clear one slot for a newcomer without touching the others."""
        ...

    def step(
        self,
        mask: NDArray[np.bool_],
        agent_pcm: FloatArray,
        user_pcm: FloatArray,
        user_motion: FloatArray | None = None,
        agent_ahead: FloatArray | None = None,
    ) -> FloatArray:
        """Advance the slots where ``mask`` (slots,) is true; others keep their state and return zeros.

        Sounds are (slots, 640). ``user_motion`` is (slots, 61), a row of NaN meaning unknown;
        ``agent_ahead`` is (slots, look_ahead, 640), NaN where unknown.
        Returns (slots, 61).
        """
        ...


class Animator(Protocol):
    """A model or procedure that can animate any number of faces."""

    name: str
    look_ahead: int  # frames of the agent's own sound that it makes use of ahead of time

    def stream(self, seed: int = 0) -> AbstractContextManager[Face]:
        """Open one face; the same seed and input give the same motion."""
        ...

    def open_slots(self, slots: int) -> AbstractContextManager[SlotBank]:
        """Open a bank of slots for serving many sessions with one call a tick."""
        ...
