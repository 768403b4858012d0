"""The two shapes of the protocol: what is said today, and what clients of its beta expect."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

BETA_HEADER: Final = "openai-beta"
BETA_VALUE: Final = "realtime=v1"
BETA_SUBPROTOCOL: Final = "openai-beta.realtime-v1"  # browsers can't set headers
SUBPROTOCOL: Final = "realtime"

_BETA_NAMES: Final = {
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "conversation.item.added": "conversation.item.created",
}
_BETA_LACKS: Final = frozenset({"conversation.item.done"})
_BETA_CONTENT: Final = {"output_text": "text", "output_audio": "audio"}


class Dialect(StrEnum):
    """Which of them a client speaks; requests are understood in both."""

    GA = "ga"
    BETA = "beta"


def dialect_of(headers: Iterable[tuple[str, str]], subprotocols: Iterable[str]) -> Dialect:
    """What a client speaks, by the header or the subprotocol that beta clients send."""
    beta = any(name.lower() == BETA_HEADER and BETA_VALUE in value for name, value in headers)
    return Dialect.BETA if beta or BETA_SUBPROTOCOL in subprotocols else Dialect.GA


def server_event(type: str, dialect: Dialect, fields: dict[str, Any]) -> dict[str, Any] | None:
    """A server event with an id of its own; None if this dialect has no such event."""
    if dialect is Dialect.BETA:
        if type in _BETA_LACKS:
            return None
        type = _BETA_NAMES.get(type, type)
        if type == "response.function_call_arguments.done":
            fields = {name: value for name, value in fields.items() if name != "name"}
        if "item" in fields:
            fields = fields | {"item": _beta_item(fields["item"])}
        if "response" in fields:
            fields = fields | {"response": _beta_response(fields["response"])}
    return {"type": type, "event_id": new_id("event"), **fields}


def new_id(kind: str) -> str:
    """An id of this kind: ``item_...``, ``resp_...``."""
    return f"{kind}_{secrets.token_hex(10)}"


def _beta_item(item: dict[str, Any]) -> dict[str, Any]:
    if "content" not in item:
        return item
    content = [part | {"type": _BETA_CONTENT.get(part["type"], part["type"])} for part in item["content"]]
    return item | {"content": content}


def _beta_response(response: dict[str, Any]) -> dict[str, Any]:
    beta = dict(response)
    modalities = beta.pop("output_modalities")
    audio = beta.pop("audio", None)
    beta["modalities"] = ["text"] if modalities == ["text"] else ["text", "audio"]
    if audio is not None:
        beta["voice"] = audio["output"]["voice"]
        beta["output_audio_format"] = BETA_FORMATS[audio["output"]["format"]["type"]]
    beta["output"] = [_beta_item(item) for item in beta["output"]]
    return beta


BETA_FORMATS: Final = {"audio/pcm": "pcm16", "audio/pcmu": "g711_ulaw", "audio/pcma": "g711_alaw"}
