"""The wire protocol between a client and the gateway, version 1 (docs/protocol.md)."""

from orchestration.protocol.codec import decode, encode
from orchestration.protocol.errors import ProtocolError
from orchestration.protocol.messages import (
    MAX_HISTORY,
    MAX_HISTORY_CHARACTERS,
    VERSION,
    AgentFrame,
    Bye,
    Error,
    Event,
    HandOff,
    Hello,
    HistoryEntry,
    Message,
    Played,
    UserAudio,
    UserMotion,
    UserText,
    Welcome,
)

__all__ = [
    "MAX_HISTORY",
    "MAX_HISTORY_CHARACTERS",
    "VERSION",
    "AgentFrame",
    "Bye",
    "Error",
    "Event",
    "HandOff",
    "Hello",
    "HistoryEntry",
    "Message",
    "Played",
    "ProtocolError",
    "UserAudio",
    "UserMotion",
    "UserText",
    "Welcome",
    "decode",
    "encode",
]
