"""What every language model offers, and what passes to and from it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the dialogue as the model sees it."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the reply; ``elapsed`` is seconds from the model's taking the request to this piece."""

    text: str
    elapsed: float


class LanguageModel(Protocol):
    """Continues a dialogue, streaming, without blocking the event loop."""

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None
    ) -> AsyncIterator[TextDelta]:
        """Stream the assistant's next message.

        Closing the iterator or cancelling the task stops the generation. Raises ``LanguageModelError`` with
        the cause and the way out when the model fails or its own time limit passes.
        """
        ...


class LanguageModelError(RuntimeError):
    """A language model failed; the message names the cause and the remedy."""
