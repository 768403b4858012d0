"""What a video shows: two voices, the faces that are known, their captions, and who held the floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from avatar.animator import FRAME_RATE, FloatArray
from avatar.gltf import HeadModel
from avatar.motion import Motion, neutral, validate

Colour = tuple[int, int, int]  # red, green, blue, 0..255

MOTION_RATE: Final = FRAME_RATE
SLOWEST, FASTEST = 5, 60  # frames a second of a video


class VideoError(ValueError):
    """A video that can't be made; the message names the value and the remedy."""


@dataclass(frozen=True)
class Caption:
    """Words under a head from ``start`` to ``end``, seconds; not ``final`` while they may still change."""

    start: float
    end: float
    text: str
    final: bool = True


@dataclass(frozen=True)
class Hold:
    """Somebody's hold of the floor from ``start`` to ``end``, seconds."""

    start: float
    end: float
    label: str
    colour: Colour


@dataclass(frozen=True)
class Side:
    """One party: ``sound`` float32 (samples,) mono, and its face where ``head`` and ``motion`` (T, 61) are
    known.
    """

    name: str
    colour: Colour
    sound: FloatArray = field(repr=False)
    sample_rate: int
    captions: Sequence[Caption] = ()
    head: HeadModel | None = field(default=None, repr=False)
    motion: FloatArray | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.sound.ndim != 1 or self.sound.dtype.kind != "f":
            raise VideoError(
                f"{self.name}'s sound is {self.sound.dtype} {self.sound.shape}; "
                "mono float32 (samples,) is due"
            )
        if self.sample_rate <= 0:
            raise VideoError(f"{self.name}'s sample rate is {self.sample_rate} Hz; give samples a second")
        if not np.isfinite(self.sound).all():
            raise VideoError(f"{self.name}'s sound holds NaN or infinity; export it as 16-bit PCM")
        if (self.head is None) != (self.motion is None):
            raise VideoError(f"{self.name} needs both a head and motion, or neither")
        if self.motion is not None:
            validate(np.atleast_2d(self.motion))

    @property
    def seconds(self) -> float:
        """Length of the longer of sound and motion."""
        moving = 0.0 if self.motion is None else len(self.motion) / MOTION_RATE
        return max(len(self.sound) / self.sample_rate, moving)

    def pose(self, at: float) -> Motion:
        """Motion (61,) at ``at`` seconds, between frames a straight line; the last one stays."""
        if self.motion is None or not len(self.motion):
            return neutral()
        place = min(at * MOTION_RATE, len(self.motion) - 1)
        before = int(place + 1e-6)
        after = min(before + 1, len(self.motion) - 1)
        share = max(0.0, place - before)
        if share < 1e-3:
            return np.asarray(self.motion[before], dtype=np.float32)
        blend = (1 - share) * self.motion[before] + share * self.motion[after]
        return np.asarray(blend, dtype=np.float32)


@dataclass(frozen=True)
class Film:
    """A conversation to be shown: the user on the left, the agent on the right, alone in the middle if only
    one face is known.
    """

    user: Side
    agent: Side
    floor: Sequence[Hold] = ()

    def __post_init__(self) -> None:
        if not self.actors:
            raise VideoError("no face is known: give the motion of at least one side")

    @property
    def actors(self) -> tuple[Side, ...]:
        """The sides with a face, from left to right."""
        return tuple(side for side in (self.user, self.agent) if side.head is not None)

    @property
    def seconds(self) -> float:
        """Length of the longest part."""
        return max(self.user.seconds, self.agent.seconds)


def check_format(size: tuple[int, int], fps: int) -> None:
    """Raises ``VideoError`` for a picture size (width, height) or rate that can't be drawn or encoded."""
    width, height = size
    if width % 2 or height % 2:
        raise VideoError(f"the size {width}x{height} is odd; H.264 needs even numbers, such as 1280x720")
    if not (320 <= width <= 3840 and 240 <= height <= 2160):
        raise VideoError(f"the size {width}x{height} isn't within 320x240 and 3840x2160")
    if not SLOWEST <= fps <= FASTEST:
        raise VideoError(f"{fps} frames a second isn't within {SLOWEST} and {FASTEST}")
