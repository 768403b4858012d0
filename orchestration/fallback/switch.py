"""What is told when one engine stands in for another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Switch:
    """A call of ``role`` goes from one engine to another."""

    role: str  # recognizer, language_model or synthesizer
    left: str  # the engine that failed; of a recovery, the one that stood in
    to: str
    why: str
    recovered: bool = False

    @property
    def message(self) -> str:
        """In one line."""
        role = self.role.replace("_", " ")
        if self.recovered:
            return f"{role}: {self.to} answers again"
        return f"{role}: {self.left} failed ({self.why}); {self.to} is asked instead"


Tell = Callable[[Switch], None]


@runtime_checkable
class Reports(Protocol):
    """An engine that tells whoever calls it when another one stands in."""

    def reporting_to(self, tell: Tell) -> Any:
        """The same engine for one caller, who is told."""
        ...
