"""When gestures begin: drawn from the model's probabilities by seeded chance, or by their running sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.floating[Any]]

SPREAD = 0.25  # of the logarithm of a drawn strength
STRENGTH = (0.5, 1.6)  # of a gesture
SEED = 20_252_025  # mixed with each slot's own


class Chance:
    """Decides for each slot; the same seed, probabilities and number of frames give the same gestures.

    ``rest``: frames after an onset in which that gesture doesn't begin again.
    ``deterministic``: a gesture begins each time its probabilities have added up to 1.
    """

    def __init__(self, slots: int, rest: Sequence[int], *, deterministic: bool = False) -> None:
        self._rest = np.array(rest, np.int64)  # frames after an onset in which a gesture doesn't begin again
        self._gestures = gestures = len(rest)
        self._deterministic = deterministic
        self._generators = [np.random.default_rng([SEED, slot]) for slot in range(slots)]
        self._sums = np.zeros((slots, gestures))
        self.running = np.ones(slots, np.bool_)
        self.rate = np.ones((slots, 1), np.float32)  # gain of every probability: 0 is a face without gestures

    def reset(self, slot: int, seed: int) -> None:
        """A newcomer with a seed of its own."""
        self._generators[slot] = np.random.default_rng([SEED, seed])
        self._sums[slot] = 0

    def __call__(self, onset: Tensor, side: Tensor, since: Tensor) -> Tensor:
        """Probabilities (slots, gestures) of onset and of the positive side -> signed strengths, 0: none."""
        probability = onset.numpy() * self.rate * (since.numpy() >= self._rest)
        sides = side.numpy()
        began = np.zeros(probability.shape, np.float32)
        for slot in np.flatnonzero(self.running):
            if self._deterministic:
                began[slot] = self._add_up(int(slot), probability[slot], sides[slot])
            else:
                began[slot] = self._draw(int(slot), probability[slot], sides[slot])
        return torch.from_numpy(began)

    def _draw(self, slot: int, probability: Array, side: Array) -> Array:
        generator = self._generators[slot]
        chances = generator.random((2, self._gestures))
        strength = np.exp(SPREAD * generator.standard_normal(self._gestures)).clip(*STRENGTH)
        return np.where(chances[0] < probability, np.where(chances[1] < side, strength, -strength), 0.0)

    def _add_up(self, slot: int, probability: Array, side: Array) -> Array:
        self._sums[slot] += probability
        begins = self._sums[slot] >= 1
        self._sums[slot] -= begins
        return np.where(begins, np.where(side >= 0.5, 1.0, -1.0), 0.0)
