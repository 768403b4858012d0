"""Who holds the turn: a small explicit state machine."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Floor(StrEnum):
    """Who holds the turn."""

    NOBODY = "nobody"
    USER = "user"  # the user speaks
    THINKING = "thinking"  # the user has finished, the agent prepares its reply
    AGENT = "agent"  # the agent speaks


_LEGAL: Final[dict[Floor, frozenset[Floor]]] = {
    # a typed turn goes from nobody straight to thinking
    Floor.NOBODY: frozenset({Floor.USER, Floor.THINKING}),
    # a user who falls silent without words leaves the floor to nobody
    Floor.USER: frozenset({Floor.THINKING, Floor.NOBODY}),
    # the user may go on, and a reply may come to nothing
    Floor.THINKING: frozenset({Floor.AGENT, Floor.USER, Floor.NOBODY}),
    # a barge-in gives the floor to the user; a typed one lets the agent think again
    Floor.AGENT: frozenset({Floor.NOBODY, Floor.USER, Floor.THINKING}),
}


class FloorError(RuntimeError):
    """A move of the floor that makes no sense; names what came and what was possible."""


class FloorState:
    """The floor now, moved only along legal ways."""

    def __init__(self) -> None:
        self.holder = Floor.NOBODY

    def move(self, to: Floor) -> bool:
        """Give the floor to ``to``; False if it is there already. Raises ``FloorError`` on illegal moves."""
        if to is self.holder:
            return False
        if to not in _LEGAL[self.holder]:
            possible = ", ".join(sorted(_LEGAL[self.holder]))
            raise FloorError(f"the floor can't go from {self.holder} to {to}; possible: {possible}")
        self.holder = to
        return True
