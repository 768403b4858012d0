"""What every language model offers, and what passes to and from it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model wants ``name`` called with ``arguments`` (JSON text); ``call_id`` ties the result to it."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of a call's ``arguments`` while it streams; the whole :class:`ToolCall` follows the last."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may ask for; ``parameters`` is the JSON schema of its arguments."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools of one request and whether the model may, must or mustn't use one.

    ``function`` names the one tool that it must use; then ``choice`` doesn't matter.
    """

    tools: tuple[Tool, ...]
    choice: Literal["auto", "none", "required"] = "auto"
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the dialogue as the model sees it.

    An assistant's message may carry the ``calls`` it made; a tool's message is the result of ``call_id``.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the reply; ``elapsed`` is seconds from the model's taking the request to this piece."""

    text: str
    elapsed: float


ReplyPart = TextDelta | ToolCallDelta | ToolCall


class LanguageModel(Protocol):
    """Continues a dialogue, streaming, without blocking the event loop."""

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, tools: Toolbox | None = None
    ) -> AsyncIterator[ReplyPart]:
        """Stream the assistant's next message; calls of tools come only where ``tools`` were given.

        Closing the iterator or cancelling the task stops the generation. Raises ``LanguageModelError`` with
        the cause and the way out when the model fails or its own time limit passes, ``ToolsUnsupported``
        before the first piece when it can't use tools.
        """
        ...


@runtime_checkable
class Completes(Protocol):
    """What some language models can do besides: tell how likely a text is to end where it does."""

    async def ending_probability(self, messages: Sequence[Message], text: str) -> float | None:
        """Probability 0..1 that ``text``, said by the user after ``messages``, ends here; None if unknown.

        Raises ``LanguageModelError`` when the model fails.
        """
        ...


class LanguageModelError(RuntimeError):
    """A language model failed; the message names the cause and the remedy."""


class ToolsUnsupported(LanguageModelError):
    """Tools were given to a model that has no way to call them; it answers without."""
