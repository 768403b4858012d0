"""What else can be known of a reply, for those who translate it: its beginning, its tools, its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.language_model import Message, Toolbox, ToolCall, ToolCallDelta
from orchestration.session.tool_loop import ToolLoop
from orchestration.session.utterance import Utterance


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """What a reply may do beyond what the session's options say."""

    tools: Toolbox | None = None
    spoken: bool = True  # False: its clauses are only told, none is given a voice
    max_tokens: int | None = None  # None: the session's own limit
    loop: ToolLoop | None = None  # calls that are made and answered here; then ``tools`` doesn't matter
    cue: str = ""  # what the model is told at the end of the dialogue, for this reply only


PLAIN = ReplyRequest()


class ReplyObserver(Protocol):
    """Follows the replies of one conversation; no call may block."""

    def reply_began(self, utterance: Utterance, prompt: Sequence[Message]) -> None:
        """A reply to ``prompt`` has been granted the floor."""
        ...

    def tool_call_piece(self, piece: ToolCallDelta) -> None:
        """The arguments of a call are streaming."""
        ...

    def tool_call(self, call: ToolCall) -> None:
        """The model wants a tool called."""
        ...

    def tools_unsupported(self, message: str) -> None:
        """The model has no tools; the reply goes on without."""
        ...

    def reply_over(self, utterance: Utterance, *, cancelled: bool) -> None:
        """All of the reply was sent, or it was ``cancelled``.

        A reply that was asked for may be over without having begun.
        """
        ...


class Unobserved:
    """Nobody follows."""

    def reply_began(self, utterance: Utterance, prompt: Sequence[Message]) -> None: ...

    def tool_call_piece(self, piece: ToolCallDelta) -> None: ...

    def tool_call(self, call: ToolCall) -> None: ...

    def tools_unsupported(self, message: str) -> None: ...

    def reply_over(self, utterance: Utterance, *, cancelled: bool) -> None: ...
