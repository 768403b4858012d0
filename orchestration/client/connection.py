"""The client's end of a session over a WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from orchestration.protocol import (
    Bye,
    Error,
    Hello,
    Message,
    Played,
    UserAudio,
    UserText,
    Welcome,
    decode,
    encode,
)


class ClientError(RuntimeError):
    """The server can't be reached or refused the session; the message says why and what to do."""


class ClientSession:
    """An open session: send sound, text and acknowledgements; iterate over what comes."""

    def __init__(self, socket: ClientConnection, welcome: Welcome) -> None:
        self._socket = socket
        self.welcome = welcome

    async def send(self, message: UserAudio | UserText | Played | Bye) -> None:
        """Send one message; raises ``ClientError`` when the server is gone."""
        try:
            await self._socket.send(encode(message))
        except ConnectionClosed as error:
            raise ClientError(f"the server closed the connection: {error}") from error

    async def messages(self) -> AsyncIterator[Message]:
        """What the server sends, until the connection closes."""
        try:
            async for data in self._socket:
                if isinstance(data, bytes):
                    yield decode(data)
        except ConnectionClosed:
            return


@asynccontextmanager
async def open_session(url: str, hello: Hello, within: float = 10.0) -> AsyncIterator[ClientSession]:
    """Connect to ``url`` (ws://host:port/v1/session) and say hello; raises ``ClientError``."""
    try:
        socket = await connect(url, open_timeout=within, max_size=2**20, compression=None)
    except (OSError, TimeoutError, InvalidHandshake) as error:
        raise ClientError(f"no server answers at {url} ({error}); start one with `visavis serve`") from error
    except InvalidURI as error:
        raise ClientError(
            f"{url} is no WebSocket address; it looks like ws://127.0.0.1:8000/v1/session"
        ) from error
    async with socket:
        await socket.send(encode(hello))
        try:
            async with asyncio.timeout(within):
                data = await socket.recv(decode=False)
        except (TimeoutError, ConnectionClosed) as error:
            raise ClientError(f"the server at {url} did not answer the greeting ({error})") from error
        answer = decode(data)
        if isinstance(answer, Error):
            raise ClientError(f"the server refused: {answer.message}; {answer.remedy}")
        if not isinstance(answer, Welcome):
            raise ClientError(f"the server greeted with {type(answer).__name__} instead of Welcome")
        yield ClientSession(socket, answer)
