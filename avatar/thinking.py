"""Thinking you can see: eyes that leave the partner for somewhere up and aside, a breath, brows that work.

Speakers look away as they plan what to say and look back when they have it (Argyle & Cook 1976, Ho 2015).
This is laid over whatever an animator does.
"""

from __future__ import annotations

from math import cos, radians, sin
from typing import Final

import numpy as np

from avatar.animator import FloatArray
from avatar.eye_turn import turn_eyes
from avatar.motion import Column, clip
from avatar.procedural.curves import FRAME_SECONDS, Spring, ease

DISTANCE: Final = (radians(4.0), radians(8.0))  # of the gaze from where it was
ABOVE: Final = 0.75  # share of the looks that go up and aside; the others go down and aside
SLANT: Final = (radians(20), radians(65))  # of the look against the horizontal
HEAD_SHARE: Final = 0.3  # of the look that the head makes
HEAD_RATE: Final = 8.0  # rad/s, how quickly it does
SACCADE: Final = 0.72  # share of the way that the eyes go in a frame
FIXATION: Final = (0.9, 1.8)  # s before the next look
BREATH: Final = radians(0.7)  # by which the head rises with the breath
BREATH_SECONDS: Final = 1.6
TILT: Final = radians(1.3)  # of the head to the side that the eyes are on
BROWS: Final = 0.14  # weight of the brows' work
BROW_RATE: Final = 6.0  # rad/s
STILL: Final = 1e-4  # radians or weight below which nothing is left of it


class Thinking:
    """Adds the looks of somebody who thinks, frame by frame; at rest the motion passes through unchanged."""

    def __init__(self, seed: int | np.random.SeedSequence = 0) -> None:
        self._rng = np.random.default_rng(seed)
        self._aim = np.zeros(2)  # yaw, pitch of the look, radians
        self._eyes = np.zeros(2)  # where the gaze is, of the look
        self._head = Spring(HEAD_RATE), Spring(HEAD_RATE), Spring(HEAD_RATE)  # yaw, pitch, roll
        self._raised, self._knit = Spring(BROW_RATE), Spring(BROW_RATE)  # brows: up with the eyes, or down
        self._side = 1.0
        self._next_look = 0.0  # s
        self._breath: float | None = None  # s since it began
        self._thinking = False

    def step(self, motion: FloatArray, thinking: bool) -> FloatArray:
        """The animator's frame (61,) as it looks while ``thinking``, or on the way back from it."""
        if thinking and not self._thinking:
            self._side = 1.0 if self._rng.random() < 0.5 else -1.0
            self._next_look = 0.0
            self._breath = self._breath or 0.0
        self._thinking = thinking
        self._look()
        self._eyes += SACCADE * (self._aim - self._eyes)
        head = [
            spring.step(target)
            for spring, target in zip(
                self._head,
                (*(HEAD_SHARE * self._aim), -self._side * TILT if thinking else 0.0),
                strict=True,
            )
        ]
        head[1] -= self._breathe()
        down = self._aim[1] > 0
        raised = self._raised.step(BROWS if thinking and not down else 0.0)
        knit = self._knit.step(BROWS if thinking and down else 0.0)
        if max(np.abs(self._eyes).max(), *map(abs, head), abs(raised), abs(knit)) < STILL:
            return motion
        shown = motion.astype(np.float64)
        shown[[Column.headYaw, Column.headPitch, Column.headRoll]] += head
        # The eyes make up what the head does not do of the look.
        turn_eyes(shown, float(self._eyes[0] - head[0]), float(self._eyes[1] - head[1]))
        shown[Column.browInnerUp] += raised
        shown[[Column.browDownLeft, Column.browDownRight]] += knit
        return clip(shown)

    def _look(self) -> None:
        if not self._thinking:
            self._aim = np.zeros(2)
            return
        self._next_look -= FRAME_SECONDS
        if self._next_look > 0:
            return
        self._next_look = float(self._rng.uniform(*FIXATION))
        distance = float(self._rng.uniform(*DISTANCE))
        slant = float(self._rng.uniform(*SLANT))
        height = -1.0 if self._rng.random() < ABOVE else 1.0
        self._aim = distance * np.array([self._side * cos(slant), height * sin(slant)])

    def _breathe(self) -> float:
        """By how much the head has risen with the breath, radians."""
        if self._breath is None:
            return 0.0
        self._breath += FRAME_SECONDS
        if self._breath >= BREATH_SECONDS:
            self._breath = None
            return 0.0
        return BREATH * ease(2 * min(self._breath, BREATH_SECONDS - self._breath) / BREATH_SECONDS)
