"""Smooth curves for a face: a spring that follows a target, drift that never repeats, easing."""

from __future__ import annotations

from math import cos, exp, pi

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_RATE

FRAME_SECONDS = 1 / FRAME_RATE  # s
Array = NDArray[np.float64]


def ease(phase: float) -> float:
    """Raised cosine from 0 to 1 as ``phase`` goes 0..1, flat at both ends and outside."""
    return 0.5 - 0.5 * cos(pi * min(1.0, max(0.0, phase)))


class Spring:
    """A critically damped spring, solved exactly for each frame: smooth, without overshoot.

    ``rate`` is its natural frequency in rad/s; about 90 % of a step is done after ``3.9 / rate`` seconds.
    """

    def __init__(self, rate: float) -> None:
        self.value = 0.0
        self._speed = 0.0
        self._rate = rate
        self._decay = exp(-rate * FRAME_SECONDS)

    def step(self, target: float) -> float:
        """Advance one frame towards ``target`` and return the new value."""
        offset = self.value - target
        change = (self._speed + self._rate * offset) * FRAME_SECONDS
        self._speed = (self._speed - self._rate * change) * self._decay
        self.value = target + (offset + change) * self._decay
        return self.value


class Drift:
    """Smooth noise of given amplitude (one an axis) and band in Hz: a sum of sines with random rates and
    phases.
    """

    PARTIALS = 5

    def __init__(
        self, rng: np.random.Generator, amplitude: tuple[float, ...], band: tuple[float, float]
    ) -> None:
        shape = (len(amplitude), self.PARTIALS)
        low, high = np.log(band[0]), np.log(band[1])
        self._rates: Array = 2 * np.pi * np.exp(rng.uniform(low, high, shape)) * FRAME_SECONDS  # rad/frame
        self._phases: Array = rng.uniform(0, 2 * np.pi, shape)
        # equal partials of this size give a standard deviation of half the named amplitude
        self._sizes: Array = np.array(amplitude)[:, None] * np.sqrt(0.5 / self.PARTIALS)

    def step(self) -> Array:
        """The next frame's offset, one number an axis."""
        self._phases = (self._phases + self._rates) % (2 * np.pi)
        return np.asarray((np.sin(self._phases) * self._sizes).sum(axis=1))
