"""Talks to a running server in real time: speaks recordings, plays the answer, keeps everything."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from orchestration.client.connection import ClientError, ClientSession, open_session
from orchestration.client.player import Player
from orchestration.media import FRAME_SECONDS, USER_FRAME_SAMPLES, FloatArray, silence
from orchestration.protocol import AgentFrame, Bye, Error, Event, Hello, UserAudio, UserText
from orchestration.recording.recording import Recording
from orchestration.session.events import EventType
from orchestration.session.floor import Floor

SETTLE_SECONDS = 0.4  # after the floor is free, for the last words to be played and acknowledged
GOODBYE_SECONDS = 5.0  # for the server's last messages


class Talk:
    """One conversation as a client has it: an open microphone, a loudspeaker, and the script's words."""

    def __init__(
        self,
        session: ClientSession,
        on_event: Callable[[Event], None] | None = None,
        on_heard: Callable[[AgentFrame], None] | None = None,
    ) -> None:
        self.recording = Recording()
        self.sent_at: list[float] = []  # loop time of each user frame
        self.received_at: list[float] = []  # loop time of each agent frame
        self._session = session
        self._on_event = on_event or (lambda event: None)
        self._player = Player(on_heard)
        self._microphone: deque[FloatArray] = deque()
        self._spoken = asyncio.Event()
        self._spoken.set()
        self._changed = asyncio.Event()
        self._floor = Floor.NOBODY
        self._answers = 0  # turns that came to an end: answered, or found to hold no words
        self._problem: str | None = None

    async def say(self, pcm: FloatArray) -> None:
        """Speak ``pcm`` (samples,), 16 kHz, in real time; returns when its last frame was sent."""
        padded = np.pad(pcm, (0, -pcm.size % USER_FRAME_SAMPLES)).astype(np.float32)
        self._microphone.extend(padded.reshape(-1, USER_FRAME_SAMPLES))
        self._spoken.clear()
        await self._until(self._spoken.is_set)

    async def type(self, text: str) -> None:
        """Send a typed turn."""
        await self._session.send(UserText(text=text))

    async def answered(self, within: float) -> bool:
        """Wait until the floor is free after an answer; False if none came ``within`` so many seconds."""
        before = self._answers
        try:
            async with asyncio.timeout(within):
                await self._until(lambda: self._answers > before and self._floor is Floor.NOBODY)
                await asyncio.sleep(SETTLE_SECONDS)
        except TimeoutError:
            return False
        return True

    async def wait(self, seconds: float) -> None:
        """Be silent for a while."""
        await asyncio.sleep(seconds)

    # -- running ----------------------------------------------------------------------------------

    async def speak_and_play(self) -> None:
        """The microphone and the loudspeaker: one frame of each every 40 ms, until cancelled."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for pts in range(2**31):
            await asyncio.sleep(max(0.0, start + (pts + 1) * FRAME_SECONDS - loop.time()))
            pcm = self._microphone.popleft() if self._microphone else silence(USER_FRAME_SAMPLES)
            self.recording.user_frame(pts, pcm)
            await self._session.send(UserAudio(pts, pcm))
            self.sent_at.append(loop.time())
            for played in self._player.play(loop.time()):
                await self._session.send(played)
            if not self._microphone and not self._spoken.is_set():
                self._spoken.set()
                self._changed.set()

    async def receive(self) -> None:
        """Take everything the server sends, until it closes the connection."""
        loop = asyncio.get_running_loop()
        async for message in self._session.messages():
            match message:
                case AgentFrame():
                    self.recording.frame(message)
                    self.received_at.append(loop.time())
                    self._player.receive(message, loop.time())
                case Event():
                    self.recording.event(message)
                    self._follow(message)
                    self._on_event(message)
                    self._changed.set()
                case Error() if message.fatal:
                    self._problem = f"{message.message}; {message.remedy}"
                case Bye():
                    self._problem = self._problem or f"the server ended the session: {message.reason}"
                case _:
                    pass
        self._problem = self._problem or "the server closed the connection"
        self._changed.set()

    async def goodbye(self) -> None:
        """End the session."""
        await self._session.send(Bye(reason="the client has finished"))

    def _follow(self, event: Event) -> None:
        if event.type == EventType.FLOOR:
            holder = Floor(event.data["holder"])
            if holder is Floor.NOBODY:
                self._answers += 1
            self._floor = holder

    async def _until(self, reached: Callable[[], Any]) -> None:
        while not reached():
            if self._problem is not None:
                raise ClientError(self._problem)
            self._changed.clear()
            await self._changed.wait()


@asynccontextmanager
async def open_talk(
    url: str,
    hello: Hello,
    on_event: Callable[[Event], None] | None = None,
    on_heard: Callable[[AgentFrame], None] | None = None,
) -> AsyncIterator[Talk]:
    """A conversation with the server at ``url``; on leaving, says goodbye and takes the last messages in.

    ``on_event`` is told what happens, ``on_heard`` which frames leave the loudspeaker.
    """
    async with open_session(url, hello) as session:
        talk = Talk(session, on_event, on_heard)
        receiver = asyncio.create_task(talk.receive())
        speaker = asyncio.create_task(talk.speak_and_play())
        try:
            yield talk
            speaker.cancel()
            await talk.goodbye()
            async with asyncio.timeout(GOODBYE_SECONDS):
                await receiver
        finally:
            speaker.cancel()
            receiver.cancel()
            await asyncio.gather(speaker, receiver, return_exceptions=True)
