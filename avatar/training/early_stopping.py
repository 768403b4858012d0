"""When to stop: the best validation loss so far, and how long ago that was."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(slots=True)
class EarlyStopping:
    """Watches validation losses; ``patience`` epochs without a gain over ``least_gain`` are enough (None:
    never).
    """

    patience: int | None
    least_gain: float = 0.0
    best: float = inf
    waited: int = 0

    def improved(self, loss: float) -> bool:
        """Take an epoch's validation loss; whether it is the best so far."""
        if loss < self.best - self.least_gain:
            self.best, self.waited = loss, 0
            return True
        self.waited += 1
        return False

    @property
    def due(self) -> bool:
        """Whether training should stop."""
        return self.patience is not None and self.waited >= self.patience
