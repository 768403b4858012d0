"""A client's events: read, checked for what every one of them needs, and bounded."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from orchestration.realtime.dialect import new_id
from orchestration.realtime.items import Item
from orchestration.realtime.problems import EventError, unsupported, wrong_type

MAX_TEXT: Final = 32_000  # characters of one item
MAX_ID: Final = 64  # characters
LOOKED_AT: Final = 1_000  # characters of a broken event at either end
_EVENT_ID: Final = re.compile(r'"event_id"\s*:\s*"([^"\\]{1,64})"')
_NEEDED: Final[dict[str, dict[str, type]]] = {
    "session.update": {"session": dict},
    "input_audio_buffer.append": {"audio": str},
    "input_audio_buffer.commit": {},
    "input_audio_buffer.clear": {},
    "output_audio_buffer.clear": {},
    "conversation.item.create": {"item": dict},
    "conversation.item.retrieve": {"item_id": str},
    "conversation.item.delete": {"item_id": str},
    "conversation.item.truncate": {"item_id": str, "audio_end_ms": int},
    "response.create": {},
    "response.cancel": {},
}


@dataclass(frozen=True, slots=True)
class ClientEvent:
    """One event; ``fields`` hold what its type needs, of the right type."""

    type: str
    event_id: str | None
    fields: dict[str, Any]


def event_id_of(text: str) -> str | None:
    """The id of an event that can't be read, if it can be seen at either end; the event may be huge."""
    found = _EVENT_ID.search(text[:LOOKED_AT]) or _EVENT_ID.search(text[-LOOKED_AT:])
    return found[1] if found else None


def read_event(text: str) -> ClientEvent:
    """The event in a message; raises ``EventError``."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EventError("invalid_json", f"no JSON: {error}", "send one JSON object a message") from error
    if not isinstance(data, dict):
        raise wrong_type("the event", data, "a JSON object")
    type = data.get("type")
    if not isinstance(type, str):
        raise EventError("missing_parameter", "the event has no type", "say what it is", "type")
    if type not in _NEEDED:
        raise EventError(
            "unknown_event", f"no event is called {type!r}", f"send one of: {', '.join(_NEEDED)}", "type"
        )
    for name, expected in _NEEDED[type].items():
        if name not in data:
            raise EventError("missing_parameter", f"{type} has no {name}", "add it", name)
        if not isinstance(data[name], expected) or isinstance(data[name], bool):
            raise wrong_type(name, data[name], f"a value of type {expected.__name__}")
    event_id = data.get("event_id")
    return ClientEvent(type, event_id if isinstance(event_id, str) else None, data)


def read_item(item: dict[str, Any]) -> Item:
    """The item of ``conversation.item.create``; raises ``EventError``."""
    item_id = item.get("id") or new_id("item")
    if not isinstance(item_id, str) or len(item_id) > MAX_ID:
        raise wrong_type("item.id", item_id, f"a string of at most {MAX_ID} characters")
    match item.get("type"):
        case "message":
            return _message(item_id, item)
        case "function_call":
            return Item(
                item_id,
                "function_call",
                "assistant",
                _text(item, "arguments"),
                call_id=_text(item, "call_id"),
                name=_text(item, "name"),
            )
        case "function_call_output":
            return Item(
                item_id, "function_call_output", text=_text(item, "output"), call_id=_text(item, "call_id")
            )
        case other:
            raise unsupported("item.type", other, "send message, function_call or function_call_output")


def _message(item_id: str, item: dict[str, Any]) -> Item:
    role = item.get("role")
    if role not in ("user", "assistant", "system"):
        raise unsupported("item.role", role, "send user, assistant or system")
    content = item.get("content")
    if not isinstance(content, list) or not content:
        raise wrong_type("item.content", content, "a list of parts")
    words = [_part(f"item.content[{index}]", part) for index, part in enumerate(content)]
    text = "\n".join(word for word in words if word)
    if len(text) > MAX_TEXT:
        raise EventError(
            "too_long", f"the item has {len(text)} characters", f"send at most {MAX_TEXT}", "item.content"
        )
    return Item(item_id, "message", role, text, text)


def _part(param: str, part: Any) -> str:
    if not isinstance(part, dict):
        raise wrong_type(param, part, "an object")
    kind = part.get("type")
    words = part.get("transcript") if kind in ("input_audio", "output_audio", "audio") else part.get("text")
    if kind not in ("input_text", "output_text", "text", "input_audio", "output_audio", "audio"):
        raise unsupported(f"{param}.type", kind, "send input_text")
    if not isinstance(words, str):
        remedy = "send its words, or its sound through input_audio_buffer.append"
        raise EventError("missing_parameter", f"{param} has no words", remedy, param)
    return words


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str):
        raise wrong_type(f"item.{name}", value, "a string")
    if len(value) > MAX_TEXT:
        raise EventError(
            "too_long", f"item.{name} has {len(value)} characters", f"send at most {MAX_TEXT}", f"item.{name}"
        )
    return value
