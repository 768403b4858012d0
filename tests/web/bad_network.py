"""A TCP proxy that behaves like a bad network: what the server sends comes late now and then, in order."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

CHUNK = 65_536  # bytes; a packet of the session is 2.2 kB, so a read holds one, or those of one moment


@dataclass
class BadNetwork:
    """Forwards ``listen`` to ``server`` (ports of this machine)."""

    server: int
    share: float  # of packets from the server that are delayed, 0..1
    delay: float  # seconds
    seed: int = 0
    listen: int = 0
    packets: int = 0
    delayed: int = 0
    _connections: set[asyncio.StreamWriter] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None

    def drop(self) -> None:
        """Cut every connection, as a network that goes away does."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(lambda: [w.transport.abort() for w in list(self._connections)])

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.server)
        except OSError:
            writer.transport.abort()
            return
        self._connections |= {writer, back}
        try:
            await asyncio.gather(self._forward(reader, back), self._forward_late(there, writer))
        finally:
            self._connections -= {writer, back}
            for each in (writer, back):
                each.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _forward_late(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop, dice = asyncio.get_running_loop(), random.Random(self.seed)
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(1_000)

        async def release() -> None:
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                writer.write(data)
                await writer.drain()

        releasing = asyncio.create_task(release())
        try:
            while data := await reader.read(CHUNK):
                late = dice.random() < self.share
                self.packets += 1
                self.delayed += late
                await queue.put((loop.time() + self.delay * late, data))
        finally:
            releasing.cancel()


@contextmanager
def bad_network(server: int, share: float, delay: float, seed: int = 0) -> Iterator[BadNetwork]:
    """A proxy to the port ``server``, in a thread of its own, until the block ends."""
    network = BadNetwork(server, share, delay, seed)
    up, down = threading.Event(), asyncio.Event()

    async def main() -> None:
        network._loop = asyncio.get_running_loop()
        listener = await asyncio.start_server(network._accept, "127.0.0.1", 0)
        network.listen = listener.sockets[0].getsockname()[1]
        up.set()
        await down.wait()
        listener.close()
        network.drop()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert up.wait(5), "the proxy did not start"
    try:
        yield network
    finally:
        assert network._loop is not None
        network._loop.call_soon_threadsafe(down.set)
        thread.join(5)
