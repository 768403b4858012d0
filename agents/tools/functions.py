"""Python functions as tools: their signature is the schema, and pydantic checks every call against it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import PydanticUserError, TypeAdapter, ValidationError, validate_call
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import to_json

from agents.language_model import Tool
from agents.tools.configuration import FunctionConfig
from agents.tools.outcome import Outcome, ToolError, ToolFailure
from agents.tools.threads import Threads


@dataclass(frozen=True, slots=True)
class _Function:
    tool: Tool
    checked: Callable[..., Any]
    is_async: bool


class Functions:
    """A ``ToolSource`` of functions of this program; blocking ones run in threads."""

    def __init__(self, threads: Threads | None = None) -> None:
        self._functions: dict[str, _Function] = {}
        self._threads = threads or Threads()

    @classmethod
    def load(cls, entries: Iterable[FunctionConfig]) -> Functions:
        """Import what a configuration names; raises ``ToolError`` for what isn't there or has no schema."""
        functions = cls()
        for entry in entries:
            functions.add(_imported(entry.function), entry.name, entry.description)
        return functions

    def add(self, function: Callable[..., Any], name: str | None = None, about: str | None = None) -> None:
        """Offer ``function``; raises ``ToolError`` if the name is taken or its types have no JSON schema."""
        name = name or function.__name__
        if name in self._functions:
            raise ToolError(f"two tools are called {name!r}; give one of them another `name`")
        try:
            anything: Any = function  # a function is a type to pydantic, to nobody else
            schema = TypeAdapter(anything).json_schema()
            checked = validate_call(function)
        except (PydanticUserError, PydanticInvalidForJsonSchema, NameError, TypeError) as error:
            raise ToolError(
                f"the tool {name!r} can't be described to a model: {str(error).splitlines()[0]}; "
                "give every parameter a type that JSON can carry"
            ) from error
        if schema.get("type") != "object":
            raise ToolError(f"the tool {name!r} takes positional arguments only; let them have names")
        described = about or inspect.getdoc(function) or ""
        tool = Tool(name, described, schema)
        self._functions[name] = _Function(tool, checked, inspect.iscoroutinefunction(function))

    def tools(self) -> Sequence[Tool]:
        """Every function, as the model is told of it."""
        return tuple(function.tool for function in self._functions.values())

    def why_missing(self, name: str) -> str | None:
        """Functions don't come and go."""
        return None

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """What the function returns: text as it is, anything else as JSON.

        Raises ``ToolFailure`` for arguments that don't fit, and what the function raises.
        """
        function = self._functions[name]
        try:
            if function.is_async:
                value = await function.checked(**arguments)
            else:
                value = await self._threads.run(lambda: function.checked(**arguments), name)
        except ValidationError as error:
            if error.title != getattr(function.checked, "__qualname__", name):
                raise  # one of the function's own, deeper inside
            raise ToolFailure(Outcome.BAD_ARGUMENTS, _wrong_arguments(name, error)) from error
        return value if isinstance(value, str) else to_json(value, fallback=str).decode()


def _imported(path: str) -> Callable[..., Any]:
    module, _, attribute = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # a module that is imported can raise anything
        raise ToolError(f"the tool {path!r} can't be imported: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise ToolError(f"the tool {path!r} is {type(found).__name__}, not a function")
    function: Callable[..., Any] = found
    return function


def _wrong_arguments(name: str, error: ValidationError) -> str:
    problems = "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'arguments'}: {problem['msg']}"
        for problem in error.errors(include_url=False)[:5]
    )
    return f"{name} doesn't take these arguments: {problems}"
