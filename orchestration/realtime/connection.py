"""One client of the realtime protocol: its WebSocket, its session, and what passes between them."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from orchestration.engines import FacesFull
from orchestration.gateway.browsers import may_connect
from orchestration.gateway.choice import choose
from orchestration.gateway.host import ServerFull, SessionHost
from orchestration.protocol import Hello
from orchestration.realtime.desk import Desk
from orchestration.realtime.dialect import SUBPROTOCOL, dialect_of
from orchestration.realtime.outbox import Outbox
from orchestration.realtime.problems import EventError
from orchestration.realtime.requests import event_id_of, read_event
from orchestration.recording.recording import Recording

log = logging.getLogger(__name__)

MAX_VIOLATIONS: Final = 100  # events in a row that can't be taken, after which the connection is closed
GOODBYE_TIMEOUT: Final = 2.0  # seconds to get the last events out
EVENTS_A_FRAME: Final = 4  # events that may wait for a slow reader, for each packet that may
LARGER: Final = 16  # times what a message of our own protocol may have: base64, and a whole question at once
CLOSE_NORMAL, CLOSE_POLICY, CLOSE_TRY_LATER = 1000, 1008, 1013


class RealtimeConnection:
    """Reads, writes and runs the session of one client."""

    def __init__(self, websocket: WebSocket, host: SessionHost) -> None:
        self._websocket = websocket
        self._host = host
        limits = host.configuration.gateway
        self._origins = limits.allowed_origins
        self._max_message = limits.max_message_bytes * LARGER  # bytes
        offered = websocket.scope.get("subprotocols", [])
        self._subprotocol = SUBPROTOCOL if SUBPROTOCOL in offered else None
        dialect = dialect_of(websocket.headers.items(), offered)
        self._unread = limits.send_queue_frames * EVENTS_A_FRAME
        self._outbox = Outbox(self._unread, dialect, self._cut_off)
        self._desk: Desk | None = None
        self._close_code = CLOSE_NORMAL

    async def run(self) -> None:
        """Serve the client until either side has had enough."""
        websocket = self._websocket
        if not may_connect(websocket.headers, self._origins):
            log.warning("a page from %s was turned away", websocket.headers.get("origin"))
            await websocket.close(CLOSE_POLICY)
            return
        await websocket.accept(self._subprotocol)
        # Any model's name will do; the name of a persona chooses it.
        model = websocket.query_params.get("model", "")
        offered = self._host.configuration.offered()
        choice = choose(self._host.configuration, model if model in offered else None, None)
        try:
            desk = self._desk = Desk(self._host, choice, self._outbox, model or choice.persona.key)
        except ServerFull as error:
            self._outbox.fail("server_full", f"{error.message}; {error.remedy}")
            self._close_code = CLOSE_TRY_LATER
            await self._say_goodbye(asyncio.create_task(self._write()))
            return
        recording = Recording() if self._host.records(Hello()) else None
        desk.recording = recording
        try:
            await self._serve(desk)
        finally:
            self._host.close(desk.name)
            if recording is not None:
                await self._host.save(desk.name, recording)

    def _cut_off(self) -> None:
        """The client doesn't read: what it misses can't be made good."""
        self._close_code = CLOSE_POLICY
        if self._desk is not None:
            self._desk.session.stop(f"the client left {self._unread} events unread; read faster")

    async def _serve(self, desk: Desk) -> None:
        desk.greet()
        metronome = asyncio.create_task(desk.session.run())
        reader = asyncio.create_task(self._read(desk))
        writer = asyncio.create_task(self._write())
        try:
            await asyncio.wait({metronome, reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            vanished = writer.done() or (reader.done() and not reader.cancelled() and _left(reader))
            desk.session.stop("the client left")
            try:
                reason = await metronome
            except FacesFull as error:
                self._close_code, reason = CLOSE_TRY_LATER, str(error)
            if not vanished:
                self._outbox.make_room()
                code = "server_full" if self._close_code == CLOSE_TRY_LATER else "session_over"
                self._outbox.fail(code, reason)
                await self._say_goodbye(writer)
        finally:
            tasks = (metronome, reader, writer)
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(
                    outcome, WebSocketDisconnect | FacesFull
                ):
                    log.error("a connection failed", exc_info=outcome)

    async def _read(self, desk: Desk) -> None:
        broken = 0  # in a row
        while broken < MAX_VIOLATIONS:
            text = await self._receive()
            try:
                await desk.actions.take(read_event(self._checked(text)))
                broken = 0
            except EventError as error:
                broken += 1
                self._outbox.refuse(error, event_id_of(text) if isinstance(text, str) else None)
        self._close_code = CLOSE_POLICY
        desk.session.stop(f"{broken} events in a row could not be taken")

    async def _receive(self) -> str | bytes:
        received = await self._websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", CLOSE_NORMAL))
        text: str | None = received.get("text")
        data: bytes = received.get("bytes") or b""
        return data if text is None else text

    def _checked(self, text: str | bytes) -> str:
        if isinstance(text, bytes):
            raise EventError("binary_message", f"a binary message of {len(text)} bytes", "send JSON as text")
        size = len(text.encode(errors="replace"))
        if size > self._max_message:
            raise EventError(
                "too_large", f"an event of {size} bytes", f"send at most {self._max_message} bytes an event"
            )
        return text

    async def _write(self) -> None:
        while True:
            await self._websocket.send_text(await self._outbox.next())
            self._outbox.sent()

    async def _say_goodbye(self, writer: asyncio.Task[None]) -> None:
        """Let what is queued out and close; a client that doesn't read is not waited for."""
        try:
            async with asyncio.timeout(GOODBYE_TIMEOUT):
                await self._outbox.empty()
                if self._websocket.application_state is not WebSocketState.DISCONNECTED:
                    await self._websocket.close(self._close_code)
        except TimeoutError:
            log.info("a client did not read its last events")
        finally:
            writer.cancel()


def _left(reader: asyncio.Task[None]) -> bool:
    return isinstance(reader.exception(), WebSocketDisconnect)
