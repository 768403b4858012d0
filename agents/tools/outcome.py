"""What came of a call, whatever came of it: every failure is a result that the model can speak about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from agents.language_model import Message, Tool


class Outcome(StrEnum):
    """How a call ended."""

    OK = "ok"
    UNKNOWN = "unknown_tool"
    NOT_ALLOWED = "not_allowed"
    MALFORMED = "malformed_arguments"
    BAD_ARGUMENTS = "bad_arguments"
    TIMEOUT = "timeout"
    RAISED = "raised"
    UNAVAILABLE = "unavailable"
    LIMIT = "limit"
    CANCELLED = "cancelled"


class ToolError(ValueError):
    """A tool can't be offered as it is configured; the message names it and the remedy."""


class ToolFailure(RuntimeError):
    """A call failed in a way its source understands; the text is what the model is told."""

    def __init__(self, outcome: Outcome, text: str) -> None:
        super().__init__(text)
        self.outcome = outcome


class ToolSource(Protocol):
    """Some tools and the way to call them."""

    def tools(self) -> Sequence[Tool]:
        """What can be called now."""
        ...

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Call one of ``tools``; raises ``ToolFailure``, or whatever the tool itself raises."""
        ...

    def why_missing(self, name: str) -> str | None:
        """Why ``name`` isn't among ``tools`` now, though it may be again; None if it is none of ours."""
        ...


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The answer to one call: ``text`` is what the model reads, ``characters`` how long it was uncut."""

    call_id: str
    name: str
    outcome: Outcome
    text: str
    seconds: float
    characters: int

    @property
    def cut(self) -> bool:
        """Whether the model reads only the beginning."""
        return self.characters > len(self.text)

    def message(self) -> Message:
        """The result as the model sees it."""
        return Message("tool", self.text, call_id=self.call_id)
