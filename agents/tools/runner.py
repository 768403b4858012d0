"""Runs a model's calls within limits: allowed tools only, so long, and so much of a result."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from agents.language_model import Tool, ToolCall
from agents.tools.outcome import Outcome, ToolFailure, ToolResult, ToolSource

log = logging.getLogger(__name__)

NAMED_TOOLS = 12  # that a result lists when a model asks for one that isn't there
ERROR_CHARACTERS = 300  # of an exception's text that the model reads


@dataclass(frozen=True, slots=True)
class ToolLimits:
    """What one call may take."""

    timeout: float = 10.0  # seconds
    result_characters: int = 2_000


def allows(patterns: Iterable[str], name: str) -> bool:
    """Whether an allow-list of names and shell patterns (``calendar__*``) has ``name``."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


class ToolRunner:
    """Finds the tool that a call names, and brings back a result whatever happens.

    Only what the ``allowed`` patterns name is offered or run. ``now`` gives seconds.
    """

    def __init__(
        self,
        sources: Sequence[ToolSource],
        allowed: Sequence[str],
        limits: ToolLimits,
        now: Callable[[], float],
    ) -> None:
        self._sources = sources
        self._allowed = allowed
        self._limits = limits
        self._now = now

    def offered(self) -> tuple[Tool, ...]:
        """What the model may call now; of two tools of the same name, the first."""
        found: dict[str, Tool] = {}
        for source in self._sources:
            for tool in source.tools():
                if allows(self._allowed, tool.name):
                    found.setdefault(tool.name, tool)
        return tuple(found.values())

    async def run(self, call: ToolCall) -> ToolResult:
        """The result of ``call``; a failure's text names the cause. Only cancelling it raises."""
        start = self._now()
        try:
            text = await self._answer(call)
            outcome = Outcome.OK
        except ToolFailure as failure:
            outcome, text = failure.outcome, f"Error: {failure}"
        kept = self._cut(call.name, text)
        return ToolResult(call.call_id, call.name, outcome, kept, self._now() - start, len(text))

    async def _answer(self, call: ToolCall) -> str:
        source = self._source_of(call.name)
        arguments = _arguments(call)
        task = asyncio.ensure_future(source.call(call.name, arguments))
        try:
            await asyncio.wait({task}, timeout=self._limits.timeout)
            if not task.done():
                raise ToolFailure(
                    Outcome.TIMEOUT, f"{call.name} gave no answer within {self._limits.timeout:g} s"
                )
        finally:
            if not task.done():
                task.cancel()  # and not waited for: it may not care
                task.add_done_callback(_forget)
        if task.cancelled():
            raise ToolFailure(Outcome.RAISED, f"{call.name} was cancelled by itself")
        error = task.exception()
        if isinstance(error, ToolFailure):
            raise error
        if error is not None:
            shown = f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS]
            log.warning("the tool %s raised", call.name, exc_info=error)
            raise ToolFailure(Outcome.RAISED, f"{call.name} failed: {shown}")
        return task.result()

    def _source_of(self, name: str) -> ToolSource:
        if allows(self._allowed, name):
            for source in self._sources:
                if any(tool.name == name for tool in source.tools()):
                    return source
        known = ", ".join(tool.name for tool in self.offered()[:NAMED_TOOLS]) or "none"
        for source in self._sources:
            missing = source.why_missing(name)
            if missing is not None and allows(self._allowed, name):
                raise ToolFailure(Outcome.UNAVAILABLE, missing)
            if any(tool.name == name for tool in source.tools()):
                raise ToolFailure(Outcome.NOT_ALLOWED, f"{name} may not be called here; tools: {known}")
        raise ToolFailure(Outcome.UNKNOWN, f"there is no tool called {name!r}; tools: {known}")

    def _cut(self, name: str, text: str) -> str:
        limit = self._limits.result_characters
        if len(text) <= limit:
            return text
        log.warning("the result of %s has %d characters, the model reads %d", name, len(text), limit)
        note = f" … [cut: the first of {len(text)} characters]"
        return text[: max(0, limit - len(note))] + note[-limit:]


def _arguments(call: ToolCall) -> Mapping[str, Any]:
    try:
        arguments = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError) as error:
        shown = call.arguments[:80]
        raise ToolFailure(
            Outcome.MALFORMED, f"the arguments of {call.name} are not JSON: {shown!r}: {error}"
        ) from error
    if not isinstance(arguments, dict):
        kind = type(arguments).__name__
        raise ToolFailure(
            Outcome.MALFORMED, f"the arguments of {call.name} must be a JSON object, not {kind}"
        )
    return arguments


def _forget(task: asyncio.Future[str]) -> None:
    """What a call that was given up brings in the end is dropped, its exception too."""
    if not task.cancelled():
        task.exception()
