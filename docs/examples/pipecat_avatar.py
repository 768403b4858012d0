"""A face for a Pipecat bot: put ``AvatarFace`` between the text-to-speech service and the output transport.

    pipeline = Pipeline([transport.input(), stt, user, llm, tts, AvatarFace(), transport.output(), bot])

It hears the bot's voice (TTSAudioRawFrame) and the user's (InputAudioRawFrame), and every 40 ms sends one
MotionFrame and, while the bot speaks, the 40 ms of sound that belong to it. The face never stops: it listens
while the user speaks and idles in between. Add ``DrawnFace`` after it for pictures instead of numbers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
from hearing import Ear
from pipecat.frames.frames import (
    CancelFrame,
    ControlFrame,
    DataFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputImageRawFrame,
    StartFrame,
    SystemFrame,
    TTSAudioRawFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from avatar import FRAME_RATE, Continuity, load_animator
from avatar.animator import FloatArray

LONGEST_WAIT = 60.0  # seconds of the bot's sound that may wait; a faster voice is held back


@dataclass
class MotionFrame(DataFrame):
    """``motion``: float32 (61,), 52 ARKit shapes, head and eyes; ``number`` counts frames, 25 a second."""

    motion: FloatArray = field(default_factory=lambda: np.zeros(61, dtype=np.float32))
    number: int = 0


class AvatarFace(FrameProcessor):
    """Releases the bot's sound in step with the motion of its face."""

    def __init__(self, animator: str = "procedural", seed: int = 0) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._face = self._stack.enter_context(load_animator(animator).stream(seed))
        self._continuity = Continuity(seed)
        self._user, self._bot = Ear(limit=0.2), Ear()
        self._line: deque[TTSAudioRawFrame | tuple[Frame, FrameDirection]] = deque()
        self._room = asyncio.Event()
        self._metronome: asyncio.Task[None] | None = None
        self._number = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            self._user.hear(frame.audio, frame.sample_rate, frame.num_channels)
        elif isinstance(frame, InterruptionFrame):
            self._line.clear()
            self._bot.forget()
            self._room.set()
            self._continuity.close_mouth()
        if isinstance(frame, StartFrame):
            await self.push_frame(frame, direction)
            self._metronome = self.create_task(self._tick_on())
        elif isinstance(frame, EndFrame | CancelFrame):
            if isinstance(frame, EndFrame):
                await self._drain()
            await self._stop()
            await self.push_frame(frame, direction)
        elif isinstance(frame, TTSAudioRawFrame) and direction is FrameDirection.DOWNSTREAM:
            await self._until_there_is_room()
            self._line.append(frame)
        elif isinstance(frame, SystemFrame) or direction is FrameDirection.UPSTREAM or not self._line:
            await self.push_frame(frame, direction)
        else:  # what was said after some sound is passed on after it
            self._line.append((frame, direction))

    async def cleanup(self) -> None:
        await self._stop()
        await super().cleanup()

    async def _tick_on(self) -> None:
        start = asyncio.get_running_loop().time()
        while True:
            await self._tick()
            due = start + self._number / FRAME_RATE
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))

    async def _tick(self) -> None:
        sound, passed = self._next_sound()
        if sound is not None:
            self._bot.hear(sound.audio, sound.sample_rate, sound.num_channels)
        agent = self._bot.frame()
        motion = self._continuity.step(self._face.step(agent, self._user.frame()), not np.any(agent))
        await self.push_frame(MotionFrame(motion=motion, number=self._number))
        self._number += 1
        if sound is not None:
            await self.push_frame(sound)
        for frame, direction in passed:
            await self.push_frame(frame, direction)

    def _next_sound(self) -> tuple[TTSAudioRawFrame | None, list[tuple[Frame, FrameDirection]]]:
        """Up to 40 ms of the bot's sound from the front of the line, and what comes right after it."""
        taken: TTSAudioRawFrame | None = None
        passed: list[tuple[Frame, FrameDirection]] = []
        while self._line:
            front = self._line[0]
            if isinstance(front, tuple):
                passed.append(front)
                self._line.popleft()
                continue
            due = front.sample_rate // FRAME_RATE * front.num_channels * 2  # bytes of 40 ms
            had = 0 if taken is None else len(taken.audio)
            ended = bool(passed) and isinstance(passed[-1][0], ControlFrame)  # another utterance begins here
            if ended or had >= due or (taken is not None and taken.sample_rate != front.sample_rate):
                break
            more = front.audio[: due - had]
            taken = TTSAudioRawFrame(
                audio=more if taken is None else taken.audio + more,
                sample_rate=front.sample_rate,
                num_channels=front.num_channels,
                context_id=front.context_id,
            )
            taken.transport_destination = front.transport_destination
            front.audio = front.audio[len(more) :]
            if not front.audio:
                self._line.popleft()
        self._room.set()
        return taken, passed

    async def _until_there_is_room(self) -> None:
        while self._seconds_waiting() > LONGEST_WAIT:
            self._room.clear()
            await asyncio.wait_for(self._room.wait(), timeout=LONGEST_WAIT)

    def _seconds_waiting(self) -> float:
        waiting = (item for item in self._line if isinstance(item, TTSAudioRawFrame))
        return sum(len(item.audio) / (2 * item.num_channels * item.sample_rate) for item in waiting)

    async def _drain(self) -> None:
        while self._line and self._metronome is not None and not self._metronome.done():
            self._room.clear()
            await asyncio.wait_for(self._room.wait(), timeout=1)

    async def _stop(self) -> None:
        if self._metronome is not None:
            await self.cancel_task(self._metronome)
            self._metronome = None
            self._stack.close()


class DrawnFace(FrameProcessor):
    """Turns motion into pictures; while one is being drawn, the motion that comes in is left out.

    ``open_stage`` makes what draws, for instance ``lambda: Stage((head,), (Place(),), (640, 640))`` with
    ``avatar.video.stage``. It is called in the thread that draws, since a drawing context belongs to one.
    """

    def __init__(self, open_stage: Callable[[], object]) -> None:
        super().__init__()
        self._open = open_stage
        self._stage: object | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="face")
        self._drawing: asyncio.Task[None] | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, MotionFrame):
            await self.push_frame(frame, direction)
        elif self._drawing is None or self._drawing.done():
            self._drawing = self.create_task(self._show(frame.motion))

    async def cleanup(self) -> None:
        if self._drawing is not None:
            await self.cancel_task(self._drawing)
        if self._stage is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._stage.close)  # type: ignore[attr-defined]
        self._thread.shutdown(wait=False)
        await super().cleanup()

    async def _show(self, motion: FloatArray) -> None:
        picture = await asyncio.get_running_loop().run_in_executor(self._thread, self._draw, motion)
        height, width, _ = picture.shape
        await self.push_frame(
            OutputImageRawFrame(image=picture.tobytes(), size=(width, height), format="RGB")
        )

    def _draw(self, motion: FloatArray) -> np.ndarray:
        if self._stage is None:
            self._stage = self._open()
        return self._stage.draw(motion)  # type: ignore[attr-defined,no-any-return]
