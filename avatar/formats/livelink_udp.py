"""Live Link Face's UDP packet, version 6: what the phone app sends to Unreal and to all that listens to it.

A packet is: version (1 byte), device id and subject name (each a big-endian int32 length and UTF-8 text),
frame number (uint32) and sub-frame (float32), frame rate as numerator and denominator (2 uint32), the number
of values (1 byte) and the values, float32. Everything is big-endian. Since a device id is a UUID of 36
characters, and 36 is ``$``, the first bytes are often described as ``<I`` 6 followed by ``$uuid``.
"""

from __future__ import annotations

import struct
import uuid
from dataclasses import dataclass
from typing import Final

import numpy as np

from avatar.animator import FRAME_RATE, FloatArray
from avatar.formats.columns import MotionFormatError
from avatar.motion import COLUMNS, Motion, validate

DEFAULT_PORT: Final = 11111
VERSION: Final = 6
_LONGEST_TEXT: Final = 255  # bytes: what a device id or a subject name may take
_TIME: Final = struct.Struct("!IfII")


class PacketError(MotionFormatError):
    """Bytes that are no Live Link Face packet, with what is wrong and what was due."""


@dataclass(frozen=True)
class FrameTime:
    """When a packet's frame is due: ``frame`` + ``subframe`` (0..1) at ``fps`` / ``denominator`` a second."""

    frame: int
    subframe: float
    fps: int
    denominator: int

    @property
    def seconds(self) -> float:
        """Time since frame 0, seconds."""
        return (self.frame + self.subframe) * self.denominator / self.fps


@dataclass(frozen=True, eq=False)
class LiveLinkPacket:
    """One packet: ``motion`` float32 (61,) in ARKit's UDP order, or ``None`` where the sender sees no face.

    ``time`` is ``None`` only in packets without a face. Values are finite, but their range is the sender's.
    """

    subject: str
    device: str
    time: FrameTime | None
    motion: Motion | None


def device_id(subject: str) -> str:
    """The UUID a subject goes by, the same on every run: receivers tell senders apart by it."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"visavis:{subject}"))


def encode_packet(
    motion: Motion | None,
    *,
    frame: int,
    subject: str,
    subframe: float = 0.0,
    fps: int = FRAME_RATE,
    denominator: int = 1,
    device: str | None = None,
) -> bytes:
    """The packet of one frame of motion, float32 (61,), or of no face at all (``None``).

    ``frame`` counts frames at ``fps`` / ``denominator`` a second, ``subframe`` is 0..1 (1 excluded).
    ``subject`` is the name that appears in Live Link. Raises ``MotionError`` for motion of a wrong shape or
    out of range, ``PacketError`` for a name or number that doesn't fit.
    """
    if not 0 <= frame < 2**32:
        raise PacketError(f"frame is {frame}; Live Link counts frames in 0..4294967295")
    if not 0 <= subframe < 1:
        raise PacketError(f"subframe is {subframe:g}; it must be in 0..1, 1 excluded")
    if not (1 <= fps < 2**31 and 1 <= denominator < 2**31):
        raise PacketError(f"frame rate is {fps}/{denominator}; both must be whole numbers of 1 or more")
    head = struct.pack("!B", VERSION) + _text(device or device_id(subject), "device id")
    head += _text(subject, "subject name") + _TIME.pack(frame, subframe, fps, denominator)
    if motion is None:
        return head + bytes(1)
    values = np.asarray(motion, dtype=np.float32)
    if values.ndim != 1:
        raise PacketError(f"motion has shape {values.shape}; a packet holds one frame, ({COLUMNS},)")
    validate(values)
    return head + struct.pack("!B", COLUMNS) + values.astype(">f4").tobytes()


def decode_packet(data: bytes) -> LiveLinkPacket:
    """The packet in one datagram.

    A packet that ends after the subject or holds no values means that the sender sees no face. A denominator
    of 0 is read as 1, since senders for Python are known to write it for rates below 60. Raises
    ``PacketError`` for bytes that aren't such a packet, another version, a wrong number of values, or values
    that aren't finite.
    """
    if not data:
        raise PacketError("an empty datagram is no Live Link Face packet")
    if data[0] != VERSION:
        raise PacketError(
            f"the packet's version is {data[0]}; {VERSION} is understood: update the sender (Live Link Face)"
        )
    device, at = _read_text(data, 1, "device id")
    subject, at = _read_text(data, at, "subject name")
    rest = data[at:]
    if len(rest) < _TIME.size:
        return LiveLinkPacket(subject, device, None, None)
    time = _read_time(rest)
    values = rest[_TIME.size :]
    if not values or values[0] == 0:
        return LiveLinkPacket(subject, device, time, None)
    if values[0] != COLUMNS or len(values) != 1 + 4 * COLUMNS:
        raise PacketError(
            f"the packet announces {values[0]} values and has {(len(values) - 1) / 4:g}; {COLUMNS} are due"
        )
    motion: FloatArray = np.frombuffer(values, dtype=">f4", offset=1).astype(np.float32)
    if not np.isfinite(motion).all():
        column = int(np.flatnonzero(~np.isfinite(motion))[0])
        raise PacketError(f"value {column} of the packet is {motion[column]}; it must be finite")
    return LiveLinkPacket(subject, device, time, motion)


def _read_time(rest: bytes) -> FrameTime:
    frame, subframe, fps, denominator = _TIME.unpack_from(rest)
    if not fps:
        raise PacketError(f"the packet's frame rate is 0/{denominator}")
    if not np.isfinite(subframe):
        raise PacketError(f"the packet's sub-frame is {subframe}; it must be finite")
    return FrameTime(frame, float(subframe), fps, denominator or 1)


def _text(text: str, what: str) -> bytes:
    data = text.encode()
    if not 1 <= len(data) <= _LONGEST_TEXT:
        raise PacketError(f"the {what} {text!r} takes {len(data)} bytes; 1 to {_LONGEST_TEXT} are possible")
    return struct.pack("!i", len(data)) + data


def _read_text(data: bytes, at: int, what: str) -> tuple[str, int]:
    if len(data) < at + 4:
        raise PacketError(f"the packet ends after {len(data)} bytes, before its {what}")
    (length,) = struct.unpack_from("!i", data, at)
    end = at + 4 + length
    if not 1 <= length <= _LONGEST_TEXT:
        raise PacketError(f"the packet's {what} claims {length} bytes; 1 to {_LONGEST_TEXT} are possible")
    if len(data) < end:
        raise PacketError(f"the packet ends after {len(data)} bytes, within its {what}")
    try:
        return data[at + 4 : end].decode(), end
    except UnicodeDecodeError as error:
        raise PacketError(f"the packet's {what} is not UTF-8 text ({error})") from error
