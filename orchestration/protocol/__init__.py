"""The wire protocol between a client and the gateway, version 1 (docs/protocol.md)."""

from orchestration.protocol.codec import decode, encode
from orchestration.protocol.errors import ProtocolError
from orchestration.protocol.messages import (
    VERSION,
    AgentFrame,
    Bye,
    Error,
    Event,
    Hello,
    Message,
    Played,
    UserAudio,
    UserMotion,
    UserText,
    Welcome,
)

__all__ = [
    "VERSION",
    "AgentFrame",
    "Bye",
    "Error",
    "Event",
    "Hello",
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
