"""Remembers that an engine failed, so that nobody waits for it again until it may have recovered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CircuitLimits:
    """How long an engine that failed is left alone: longer each time it fails again."""

    retry_after: float  # seconds after the first failure
    longest: float  # seconds; what the doubling stops at


class Circuit:
    """Closed while the engine works; open, for a while, after a failure; then one call tries the engine.

    (The circuit breakers on PyPI read the wall clock and open for a fixed time.)
    """

    def __init__(self, limits: CircuitLimits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._wait = 0.0  # seconds; 0 while the circuit is closed
        self._opened = float("-inf")
        self._trying: Attempt | None = None

    @property
    def closed(self) -> bool:
        """The engine answered when it was last asked."""
        return self._wait == 0

    @property
    def admits(self) -> bool:
        """Whether a call should be tried: the engine works, or it is time to see whether it does again."""
        return self.closed or (self._trying is None and self._now() >= self._opened + self._wait)

    def begin(self) -> Attempt:
        """A call is tried; settle what is returned."""
        attempt = Attempt(self, was_closed=self.closed, admitted=self.admits)
        if not self.closed and attempt.admitted:
            self._trying = attempt
        return attempt

    def settle(self, attempt: Attempt, worked: bool | None) -> bool:
        """An attempt is over; None tells nothing about the engine. Returns whether it came back."""
        if self._trying is attempt:
            self._trying = None
        if worked is None:
            return False
        if worked:
            recovered, self._wait = not self.closed, 0.0
            return recovered
        # Calls that were under way when it opened, and those made for want of any other, tell nothing new.
        if attempt.admitted and attempt.was_closed == self.closed:
            self._wait = min(max(self._limits.retry_after, 2 * self._wait), self._limits.longest)
            self._opened = self._now()
        return False


class Attempt:
    """One call of an engine whose outcome counts once, the first one that is told."""

    def __init__(self, circuit: Circuit, *, was_closed: bool, admitted: bool) -> None:
        self.was_closed = was_closed
        self.admitted = admitted
        self._circuit = circuit
        self._settled = False

    def worked(self) -> bool:
        """The engine answered; returns whether that is news: it had failed before."""
        news = self._settle(True)
        self.was_closed = self.admitted = True
        return news

    def failed(self) -> None:
        """The engine failed or took too long, even if it had begun to answer."""
        self._settled = False  # a good beginning doesn't excuse it
        self._settle(False)

    def abandon(self) -> None:
        """The call was given up for other reasons."""
        self._settle(None)

    def _settle(self, worked: bool | None) -> bool:
        if self._settled:
            return False
        self._settled = True
        return self._circuit.settle(self, worked)
