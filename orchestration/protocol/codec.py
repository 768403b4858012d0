"""Messages to bytes and back.

Every message is one binary WebSocket message: a 12-byte little-endian header
(kind u8, version u8, flags u16, pts u32, generation u32), then a payload that the kind determines.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np
from pydantic import BaseModel, ValidationError

from orchestration.media import AGENT_FRAME_SAMPLES, MOTION_SIZE, USER_FRAME_SAMPLES, FloatArray
from orchestration.protocol.errors import ProtocolError
from orchestration.protocol.messages import (
    VERSION,
    AgentFrame,
    Bye,
    Error,
    Event,
    HandOff,
    Hello,
    JsonMessage,
    Message,
    Played,
    UserAudio,
    UserMotion,
    UserText,
    Welcome,
)

HEADER: Final = struct.Struct("<BBHII")  # kind, version, flags, pts, generation
USER_PTS: Final = struct.Struct("<i")
FLAG_SPEECH: Final = 1 << 0
FLAG_FLUSH: Final = 1 << 1
PCM16_PEAK: Final = 32767
PCM16: Final = np.dtype("<i2")
FLOAT32: Final = np.dtype("<f4")

USER_AUDIO_BYTES: Final = USER_FRAME_SAMPLES * PCM16.itemsize  # 1,280
AGENT_AUDIO_BYTES: Final = AGENT_FRAME_SAMPLES * PCM16.itemsize  # 1,920
MOTION_BYTES: Final = MOTION_SIZE * FLOAT32.itemsize  # 244

_JSON: Final[dict[int, type[JsonMessage]]] = {
    model.kind: model for model in (Hello, Welcome, UserText, HandOff, Bye, Event, Error)
}


def encode(message: Message) -> bytes:
    """One message as bytes."""
    match message:
        case BaseModel():
            return HEADER.pack(message.kind, VERSION, 0, 0, 0) + message.model_dump_json().encode()
        case UserAudio():
            return _header(message) + _pcm16(message.pcm)
        case Played():
            return _header(message)
        case UserMotion():
            return _header(message) + message.motion.astype(FLOAT32).tobytes()
        case AgentFrame():
            flags = FLAG_SPEECH * message.speech | FLAG_FLUSH * message.flush
            return b"".join(
                (
                    _header(message, flags),
                    USER_PTS.pack(message.user_pts),
                    message.motion.astype(FLOAT32).tobytes(),
                    _pcm16(message.pcm),
                )
            )


def decode(data: bytes) -> Message:
    """The message in ``data``; raises ``ProtocolError`` naming what is wrong and the way out."""
    if len(data) < HEADER.size:
        raise ProtocolError(
            "too_short",
            f"a message of {len(data)} bytes",
            f"every message starts with a {HEADER.size}-byte header",
        )
    kind, version, flags, pts, generation = HEADER.unpack_from(data)
    if version != VERSION:
        raise ProtocolError("version", f"protocol version {version}", f"this side speaks version {VERSION}")
    payload = data[HEADER.size :]
    if kind in _JSON:
        return _decode_json(_JSON[kind], payload)
    match kind:
        case UserAudio.kind:
            _expect_size("UserAudio", payload, USER_AUDIO_BYTES, f"{USER_FRAME_SAMPLES} PCM16 samples")
            return UserAudio(pts, _floats(payload), generation)
        case Played.kind:
            _expect_size("Played", payload, 0, "no payload")
            return Played(pts, generation)
        case UserMotion.kind:
            _expect_size("UserMotion", payload, MOTION_BYTES, f"{MOTION_SIZE} float32 values")
            return UserMotion(pts, _motion(payload), generation)
        case AgentFrame.kind:
            expected = USER_PTS.size + MOTION_BYTES + AGENT_AUDIO_BYTES
            _expect_size("AgentFrame", payload, expected, "user pts, motion and sound")
            motion_end = USER_PTS.size + MOTION_BYTES
            return AgentFrame(
                pts=pts,
                generation=generation,
                pcm=_floats(payload[motion_end:]),
                motion=_motion(payload[USER_PTS.size : motion_end]),
                user_pts=USER_PTS.unpack_from(payload)[0],
                speech=bool(flags & FLAG_SPEECH),
                flush=bool(flags & FLAG_FLUSH),
            )
    raise ProtocolError("unknown_kind", f"message kind 0x{kind:02x}", "see docs/protocol.md for the kinds")


def _header(message: UserAudio | Played | UserMotion | AgentFrame, flags: int = 0) -> bytes:
    return HEADER.pack(message.kind, VERSION, flags, message.pts, message.generation)


def _decode_json(model: type[JsonMessage], payload: bytes) -> Message:
    try:
        return model.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the JSON payload"
        raise ProtocolError(
            "bad_payload",
            f"{model.__name__}: {where}: {first['msg']}",
            "send the fields docs/protocol.md lists",
        ) from error


def _expect_size(name: str, payload: bytes, size: int, what: str) -> None:
    if len(payload) != size:
        raise ProtocolError(
            "bad_size", f"{name} with a payload of {len(payload)} bytes", f"send {size} bytes: {what}"
        )


def _pcm16(pcm: FloatArray) -> bytes:
    return np.rint(np.clip(pcm, -1.0, 1.0) * PCM16_PEAK).astype(PCM16).tobytes()


def _floats(payload: bytes) -> FloatArray:
    return np.frombuffer(payload, PCM16).astype(np.float32) / np.float32(PCM16_PEAK)


def _motion(payload: bytes) -> FloatArray:
    motion = np.frombuffer(payload, FLOAT32).astype(np.float32)
    if not np.isfinite(motion).all():
        bad = int(np.flatnonzero(~np.isfinite(motion))[0])
        raise ProtocolError("bad_motion", f"motion value {bad} is {motion[bad]}", "send finite numbers")
    return motion
