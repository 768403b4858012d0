"""One client's WebSocket from its greeting to its goodbye."""

from __future__ import annotations

import asyncio
import logging
from enum import StrEnum
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from orchestration.engines import FacesFull
from orchestration.gateway.browsers import may_connect
from orchestration.gateway.host import SessionHost
from orchestration.protocol import (
    AgentFrame,
    Bye,
    Error,
    Event,
    HandOff,
    Hello,
    Message,
    Played,
    ProtocolError,
    UserAudio,
    UserMotion,
    UserText,
    decode,
    encode,
)
from orchestration.recording.recording import Recording
from orchestration.session.session import Session

log = logging.getLogger(__name__)

MAX_VIOLATIONS: Final = 25  # broken messages after which the connection is closed
GOODBYE_TIMEOUT: Final = 2.0  # seconds to get the last messages out
CLOSE_NORMAL, CLOSE_POLICY, CLOSE_TOO_LARGE, CLOSE_TRY_LATER = 1000, 1008, 1009, 1013


class ConnectionState(StrEnum):
    """Where the conversation with the client stands."""

    AWAITING_HELLO = "awaiting hello"
    OPEN = "open"
    CLOSED = "closed"


class Connection:
    """Reads, writes and runs the session of one client; ``Sink`` of that session."""

    def __init__(self, websocket: WebSocket, host: SessionHost) -> None:
        self._websocket = websocket
        self._host = host
        self._limits = host.configuration.gateway
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue(self._limits.send_queue_frames)
        self._state = ConnectionState.AWAITING_HELLO
        self._session: Session | None = None
        self._recording: Recording | None = None
        self._session_name = ""
        self._violations = 0
        self._lost = False  # it ends, but the conversation may go on over another connection
        self._close_code = CLOSE_NORMAL

    # -- Sink -------------------------------------------------------------------------------------

    def frame(self, frame: AgentFrame) -> None:
        """Queue a packet for the client."""
        if self._recording is not None:
            self._recording.frame(frame)
        self._post(frame)

    def event(self, event: Event) -> None:
        """Queue an event for the client."""
        if self._recording is not None:
            self._recording.event(event)
        self._post(event)

    def _post(self, message: Message) -> None:
        try:
            self._outbox.put_nowait(encode(message))
        except asyncio.QueueFull:
            # The client stopped reading; what it misses can't be made good, so it is told to come back.
            self._close_code = CLOSE_POLICY
            self._lost = True
            if self._session is not None:
                unread = self._limits.send_queue_frames
                self._session.stop(f"the client left {unread} messages unread; read faster and reconnect")

    # -- the connection's life --------------------------------------------------------------------

    async def run(self) -> None:
        """Serve the client until either side has had enough."""
        if not may_connect(self._websocket.headers, self._limits.allowed_origins):
            log.warning("a page from %s was turned away", self._websocket.headers.get("origin"))
            await self._websocket.close(CLOSE_POLICY)
            return
        await self._websocket.accept()
        try:
            hello = await self._greeting()
            session, welcome = await self._host.admit(hello, self)
        except ProtocolError as error:
            code = CLOSE_TRY_LATER if error.code == "server_full" else CLOSE_POLICY
            await self._refuse(error, code)
            return
        except WebSocketDisconnect:
            return
        self._session, self._session_name = session, welcome.session
        if welcome.recording:
            self._recording = Recording()
        self._state = ConnectionState.OPEN
        self._post(welcome)
        try:
            await self._serve(session)
        finally:
            self._state = ConnectionState.CLOSED
            self._host.close(welcome.session, park=self._lost)
            if self._recording is not None:
                await self._host.save(welcome.session, self._recording)

    async def _greeting(self) -> Hello:
        timeout = self._limits.hello_timeout_s
        try:
            async with asyncio.timeout(timeout):
                message = await self._receive()
        except TimeoutError:
            raise ProtocolError(
                "hello_timeout", f"no Hello within {timeout:g} s", "send Hello right after connecting"
            ) from None
        if not isinstance(message, Hello):
            raise ProtocolError(
                "hello_expected", f"{type(message).__name__} came first", "send Hello before anything else"
            )
        return message

    async def _serve(self, session: Session) -> None:
        metronome = asyncio.create_task(session.run())
        reader = asyncio.create_task(self._read(session))
        writer = asyncio.create_task(self._write())
        try:
            await asyncio.wait({metronome, reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            vanished = writer.done() or _disconnected(reader)
            self._lost = self._lost or vanished
            session.stop("the client left")
            reason = await self._reason(metronome)
            # Already here, since a client that comes back needn't wait for the old connection's goodbye.
            self._host.close(self._session_name, park=self._lost)
            if not vanished:
                await self._say_goodbye(reason)
        finally:
            for task in (metronome, reader, writer):
                task.cancel()
            outcomes = await asyncio.gather(metronome, reader, writer, return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, Exception) and not isinstance(
                    outcome, WebSocketDisconnect | FacesFull
                ):
                    log.error("a connection failed", exc_info=outcome)

    async def _reason(self, metronome: asyncio.Task[str]) -> str:
        try:
            return await metronome
        except FacesFull as error:
            self._close_code = CLOSE_TRY_LATER
            self._lost = True  # what it came with, if anything, is there for its next try
            self._post(Error(code="server_full", message=str(error), remedy="try again later", fatal=True))
            return str(error)

    async def _say_goodbye(self, reason: str) -> None:
        """Let what is queued out, say why it is over, close; a client that doesn't read is not waited for."""
        if self._outbox.full():
            self._outbox.get_nowait()
        self._post(Bye(reason=reason))
        try:
            async with asyncio.timeout(GOODBYE_TIMEOUT):
                await self._outbox.join()
                await self._close()
        except TimeoutError:
            log.info("a client did not read its last messages")

    # -- reading ----------------------------------------------------------------------------------

    async def _read(self, session: Session) -> None:
        timeout = self._limits.idle_timeout_s
        while True:
            try:
                async with asyncio.timeout(timeout):
                    message = await self._receive()
                if isinstance(message, Bye):
                    session.stop(message.reason or "the client said goodbye")
                    return
                await self._take(session, message)
            except TimeoutError:
                self._lost = True
                session.stop(f"nothing came from the client for {timeout:g} s")
                return
            except ProtocolError as error:
                self._violations += 1
                fatal = self._violations >= MAX_VIOLATIONS or error.code == "too_large"
                self._post(Error(code=error.code, message=error.message, remedy=error.remedy, fatal=fatal))
                if fatal:
                    self._close_code = CLOSE_TOO_LARGE if error.code == "too_large" else CLOSE_POLICY
                    session.stop(f"{error.code}: {error.message}")
                    return

    async def _take(self, session: Session, message: Message) -> None:
        match message:
            case UserAudio():
                # A client that sends faster than real time is held back here: nothing it says is lost.
                await session.room_to_hear()
                session.hear(message.pts, message.pcm)
                if self._recording is not None:
                    self._recording.user_frame(message.pts, message.pcm)
            case Played():
                session.acknowledge(message.pts, message.generation)
            case UserMotion():
                session.see(message.pts, message.motion)
            case UserText():
                session.read(message.text)
            case HandOff():
                self._host.hand_off(self._session_name, message.persona)
            case _:
                raise ProtocolError(
                    "unexpected",
                    f"{type(message).__name__} while the session is {self._state}",
                    "send UserAudio, UserMotion, UserText, HandOff, Played or Bye",
                )

    async def _receive(self) -> Message:
        """The client's next message; raises ``ProtocolError`` on what is none, ``WebSocketDisconnect``."""
        received = await self._websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", CLOSE_NORMAL))
        data = received.get("bytes")
        if data is None:
            raise ProtocolError(
                "text_frame", "a WebSocket text message", "send binary messages; typed turns are UserText"
            )
        if len(data) > self._limits.max_message_bytes:
            raise ProtocolError(
                "too_large",
                f"a message of {len(data)} bytes",
                f"send at most {self._limits.max_message_bytes} bytes a message",
            )
        return decode(data)

    # -- writing ----------------------------------------------------------------------------------

    async def _write(self) -> None:
        while True:
            data = await self._outbox.get()
            await self._websocket.send_bytes(data)
            self._outbox.task_done()

    async def _refuse(self, error: ProtocolError, code: int) -> None:
        self._close_code = code
        refusal = Error(code=error.code, message=error.message, remedy=error.remedy, fatal=True)
        await self._websocket.send_bytes(encode(refusal))
        await self._close()

    async def _close(self) -> None:
        if self._websocket.application_state is not WebSocketState.DISCONNECTED:
            await self._websocket.close(self._close_code)


def _disconnected(reader: asyncio.Task[None]) -> bool:
    return reader.done() and not reader.cancelled() and isinstance(reader.exception(), WebSocketDisconnect)
