"""Tells what the agent says and shows, and where the language model misbehaved."""

from __future__ import annotations

from typing import Any, Final

from agents.blocks import BlockKind
from agents.reading import CUT_SHORT, OTHER_LANGUAGE, Clause
from orchestration.protocol import Event
from orchestration.session.events import EventType
from orchestration.session.timeline import Timeline

MISBEHAVIOURS: Final = {
    BlockKind.CODE.value: "the reply holds code, which is shown and not read out",
    BlockKind.TABLE.value: "the reply holds a table, which is shown and not read out",
    BlockKind.THOUGHTS.value: "the reply holds the model's thoughts to itself, which are dropped",
    BlockKind.TOOLS.value: "the reply holds what is meant for tools, which is dropped",
    OTHER_LANGUAGE: "the reply is in another language than the voice, and is shown only",
    CUT_SHORT: "the reply went on without an end and was stopped at its limit of words",
}


def said_of(event: Event) -> str:
    """What was to be said for a ``reply_text``; of code, say, its announcement."""
    return str(event.data.get("said", event.data["text"]))


def tell_clause(clause: Clause, timeline: Timeline) -> None:
    """A clause goes to the voice, to the screen, or nowhere; what isn't plain speech is counted by kind."""
    data: dict[str, Any] = {"kind": clause.kind, "said": clause.said} if clause.kind else {}
    if clause.shown:
        timeline.emit(EventType.REPLY_TEXT, text=clause.text, **data)
    if clause.kind:
        message = MISBEHAVIOURS[clause.kind]
        timeline.count("reply_misbehaved", EventType.MISBEHAVED, message, kind=clause.kind)
