"""The conversation in words and the latency of each turn, from its events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from orchestration.protocol import Event
from orchestration.session.events import EventType
from orchestration.session.reply_text import said_of


def transcript(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Turns in order: ``speaker``, ``text``, ``t`` (seconds); the agent's also as heard and shown."""
    turns: list[dict[str, Any]] = []
    replies: dict[int, dict[str, Any]] = {}
    for event in events:
        match event.type:
            case EventType.FINAL_TRANSCRIPT:
                turns.append({"speaker": "user", "t": event.t, "text": event.data["text"]})
            case EventType.REPLY_TEXT:
                reply = replies.get(event.generation)
                if reply is None:
                    reply = {"speaker": "agent", "t": event.t, "text": "", "generation": event.generation}
                    replies[event.generation] = reply
                    turns.append(reply)
                said = said_of(event)
                reply["text"] = f"{reply['text']} {said}".strip()
                if said != event.data["text"]:
                    reply.setdefault("shown", []).append(event.data["text"])
            case EventType.HEARD if event.generation in replies:
                replies[event.generation]["heard"] = event.data["text"]
                replies[event.generation]["interrupted"] = event.data["interrupted"]
    return turns


def latencies(events: Iterable[Event]) -> list[dict[str, Any]]:
    """One entry an answered turn: milliseconds from the end of the user's speech, and how they add up."""
    return [dict(event.data) for event in events if event.type == EventType.LATENCY]


def counts(events: Sequence[Event]) -> dict[str, int]:
    """What went wrong in the session, by name, from its last event."""
    for event in reversed(events):
        if event.type == EventType.SESSION_ENDED:
            return dict(event.data["counts"])
    return {}
