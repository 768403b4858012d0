"""What a conversation lets others know of its replies: events, counts, and whoever follows them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from agents.language_model import ToolCall, ToolCallDelta
from agents.reading import Clause
from orchestration.fallback.switch import Switch
from orchestration.session.events import EventType
from orchestration.session.observer import ReplyObserver
from orchestration.session.reply_text import tell_clause
from orchestration.session.switching import tell_switch
from orchestration.session.timeline import Timeline

log = logging.getLogger(__name__)


class ReplyTelling:
    """The ``ReplyListener`` of every reply of one conversation."""

    def __init__(self, timeline: Timeline, observer: ReplyObserver) -> None:
        self._timeline = timeline
        self._observer = observer
        self.on_clause: Callable[[str, int], None] = lambda said, generation: None  # who else is told

    def first_token(self) -> None:
        self._timeline.emit(EventType.FIRST_TOKEN)

    def clause(self, clause: Clause) -> None:
        tell_clause(clause, self._timeline)
        self.on_clause(clause.said, self._timeline.generation)

    def tool_call_piece(self, piece: ToolCallDelta) -> None:
        self._observer.tool_call_piece(piece)

    def tool_call(self, call: ToolCall) -> None:
        self._observer.tool_call(call)

    def tools_unsupported(self, message: str) -> None:
        log.warning("%s", message, extra={"session": self._timeline.session})
        self._observer.tools_unsupported(message)

    def failed(self, message: str) -> None:
        self._timeline.count("engine_failed", EventType.ENGINE_FAILED, message)

    def switched(self, switch: Switch) -> None:
        tell_switch(switch, self._timeline)

    def fell_back(self, message: str) -> None:
        self._timeline.count("fallback", EventType.FALLBACK, message)
