"""Sends motion as Live Link Face packets without ever waiting for the network."""

from __future__ import annotations

import socket
from types import TracebackType

from avatar.animator import FRAME_RATE
from avatar.formats.livelink_udp import DEFAULT_PORT, PacketError, device_id, encode_packet
from avatar.motion import Motion


class LiveLinkSender:
    """A UDP socket to one listener; a frame that can't be sent is counted and forgotten.

    ``sent`` and ``errors`` count frames, ``last_error`` is what the system said last. Broadcast addresses
    work. Safe to call from an event loop: ``send`` never blocks.
    """

    def __init__(
        self, host: str, port: int = DEFAULT_PORT, *, subject: str = "visavis", fps: int = FRAME_RATE
    ) -> None:
        """Resolves ``host`` at once, which may wait for a name server: do it off the loop.

        Raises ``PacketError`` for a host that isn't known, a port outside 1..65535 or a subject name that
        doesn't fit into a packet.
        """
        if not 1 <= port <= 65535:
            raise PacketError(f"port is {port}; it must be in 1..65535 (Live Link listens on {DEFAULT_PORT})")
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        except (OSError, UnicodeError) as error:
            raise PacketError(f"Live Link host {host!r} is not known ({error})") from error
        encode_packet(
            None, frame=0, subject=subject, fps=fps
        )  # a bad name or rate is told now, not per frame
        self.sent = 0
        self.errors = 0
        self.last_error: str | None = None
        self._address = address
        self._subject = subject
        self._device = device_id(subject)
        self._fps = fps
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)

    def send(self, motion: Motion | None, frame: int) -> bool:
        """Send one frame of motion (61,), or that there is no face; returns whether the system took it.

        Raises ``MotionError`` for motion of a wrong shape or out of range.
        """
        packet = encode_packet(motion, frame=frame, subject=self._subject, fps=self._fps, device=self._device)
        try:
            self._socket.sendto(packet, self._address)
        except OSError as error:  # a full buffer (BlockingIOError), an unreachable network
            self.errors += 1
            self.last_error = str(error)
            return False
        self.sent += 1
        return True

    def close(self) -> None:
        """Give the socket back; frames sent later count as errors."""
        self._socket.close()

    def __enter__(self) -> LiveLinkSender:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
