"""Tools and calls as OpenAI's chat protocol writes them, for every engine that speaks it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from agents.language_model import Message, Tool, Toolbox, ToolCall, ToolCallDelta


class _FunctionPiece(Protocol):
    """The function part of one streamed piece; either field may be missing."""

    @property
    def name(self) -> str | None: ...

    @property
    def arguments(self) -> str | None: ...


class _CallPiece(Protocol):
    """One entry of a chunk's ``tool_calls``."""

    @property
    def index(self) -> int: ...

    @property
    def id(self) -> str | None: ...

    @property
    def function(self) -> _FunctionPiece | None: ...


class CallAssembler:
    """Puts streamed pieces of calls together; the id and the name come with a call's first piece."""

    def __init__(self) -> None:
        self._calls: dict[int, ToolCall] = {}

    def feed(self, pieces: Iterable[_CallPiece]) -> Iterator[ToolCallDelta]:
        """Take one chunk's ``tool_calls``; yields what they add.

        A server that gives a call no id gets one made up.
        """
        for piece in pieces:
            name = (piece.function.name if piece.function else None) or ""
            arguments = (piece.function.arguments if piece.function else None) or ""
            call = self._calls.get(piece.index)
            if call is None:
                call = ToolCall(piece.id or f"call_{secrets.token_hex(8)}", name, "")
            self._calls[piece.index] = ToolCall(call.call_id, call.name or name, call.arguments + arguments)
            if arguments:
                yield ToolCallDelta(call.call_id, self._calls[piece.index].name, arguments)

    def finish(self) -> tuple[ToolCall, ...]:
        """The whole calls, in order; a call without arguments gets an empty object."""
        return tuple(
            ToolCall(call.call_id, call.name, call.arguments or "{}")
            for _, call in sorted(self._calls.items())
        )


def tool_parameter(tool: Tool) -> dict[str, Any]:
    """One entry of a request's ``tools``."""
    parameters = dict(tool.parameters) or {"type": "object", "properties": {}}
    function = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": function}


def choice_parameter(tools: Toolbox) -> str | dict[str, Any]:
    """A request's ``tool_choice``."""
    if tools.function is not None:
        return {"type": "function", "function": {"name": tools.function}}
    return tools.choice


def message_parameter(message: Message) -> dict[str, Any]:
    """One entry of a request's ``messages``."""
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.content}
    if not message.calls:
        return {"role": message.role, "content": message.content}
    calls = [
        {
            "id": call.call_id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in message.calls
    ]
    return {"role": message.role, "content": message.content or None, "tool_calls": calls}


def without_tools(messages: Iterable[Message]) -> Iterator[Message]:
    """The dialogue for a model that knows no tools: calls are left out, results are told by the system."""
    for message in messages:
        if message.role == "tool":
            yield Message("system", f"Looked up: {message.content}")
        elif message.content or not message.calls:
            yield Message(message.role, message.content)
