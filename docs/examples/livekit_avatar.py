"""A face for a LiveKit agent: a ``VideoGenerator`` for LiveKit's own ``AvatarRunner``.

    faces = FaceGenerator(lambda: Stage((head,), (Place(),), (640, 640)), sample_rate=24_000)
    options = AvatarOptions(640, 640, FRAME_RATE, audio_sample_rate=24_000, audio_channels=1)
    runner = AvatarRunner(room, audio_recv=DataStreamAudioReceiver(room), video_gen=faces, options=options)

The runner hands it the agent's voice; it gives back pairs of picture and sound, 25 a second, which the runner
keeps together. The agent's face listens too: pass the user's sound to ``hear_user``, for instance from
``rtc.AudioStream(track)``.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
from hearing import Ear
from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd, VideoGenerator

from avatar import FRAME_RATE, Continuity, load_animator
from avatar.animator import FloatArray
from avatar.video.stage import Picture

DRAWING_TIME = 0.03  # seconds that a frame's sound waits for its picture; then the last one is shown again
FIRST_PICTURE = 60.0  # seconds: opening a stage may load a head first
LONGEST_WAIT = 60.0  # seconds of the agent's sound that may wait; a faster voice is held back


class Drawing(Protocol):
    """What draws, as ``avatar.video.stage.Stage`` does: motion (61,) to a picture (height, width, 3)."""

    def draw(self, *motions: FloatArray) -> Picture: ...

    def close(self) -> None: ...


class FaceGenerator(VideoGenerator):
    """Pictures of a face in step with the sound it speaks.

    ``open_stage`` is called in the thread that draws, since a drawing context belongs to one. ``sample_rate``
    is the runner's; sound at other rates is refused. Iterate once; ``aclose`` when done.
    """

    def __init__(
        self,
        open_stage: Callable[[], Drawing],
        sample_rate: int = 24_000,
        animator: str = "procedural",
        seed: int = 0,
    ) -> None:
        self._open = open_stage
        self._stage: Drawing | None = None
        self._drawing: asyncio.Future[Picture] | None = None
        self._shown: rtc.VideoFrame | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="face")
        self._rate = sample_rate
        self._streaming = load_animator(animator).stream(seed)
        self._continuity = Continuity(seed)
        self._user, self._agent = Ear(limit=0.2), Ear()
        self._sound: deque[np.ndarray] = deque()  # int16, or an empty array where a segment ends
        self._waiting = 0  # samples
        self._room = asyncio.Event()
        self._generation = 0
        self._closed = False

    async def push_audio(self, frame: rtc.AudioFrame | AudioSegmentEnd) -> None:
        """Take the agent's next sound, or the end of what it says; waits while too much is waiting."""
        if isinstance(frame, AudioSegmentEnd):
            self._sound.append(np.zeros(0, dtype=np.int16))
            return
        if frame.sample_rate != self._rate:
            raise ValueError(f"sound has {frame.sample_rate} Hz; {self._rate} are due, as the options say")
        generation = self._generation
        while self._waiting > LONGEST_WAIT * self._rate:
            self._room.clear()
            await asyncio.wait_for(self._room.wait(), timeout=LONGEST_WAIT)
        if generation != self._generation or not frame.samples_per_channel:
            return  # interrupted while it waited
        pcm = np.frombuffer(frame.data, dtype=np.int16).reshape(-1, frame.num_channels)
        self._sound.append(pcm.mean(axis=1).astype(np.int16))
        self._waiting += len(pcm)

    def hear_user(self, frame: rtc.AudioFrame) -> None:
        """Take the user's sound, at any rate; what is older than 0.2 s when its turn comes is forgotten."""
        self._user.hear(bytes(frame.data), frame.sample_rate, frame.num_channels)

    def clear_buffer(self) -> None:
        """Stop speaking at once: waiting sound is dropped and the mouth shuts within 100 ms."""
        self._sound.clear()
        self._waiting = 0
        self._generation += 1
        self._agent.forget()
        self._continuity.close_mouth()
        self._room.set()

    async def aclose(self) -> None:
        """End the iteration and give the drawing context back."""
        self._closed = True
        if self._stage is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._stage.close)
            self._stage = None
        self._thread.shutdown(wait=False)

    def __aiter__(self) -> AsyncIterator[rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd]:
        return self._frames()

    async def _frames(self) -> AsyncIterator[rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd]:
        with self._streaming as face:
            while not self._closed:
                generation = self._generation
                sound, ended = self._next_sound()
                if sound is not None:
                    self._agent.hear(sound.tobytes(), self._rate)
                agent = self._agent.frame()
                motion = self._continuity.step(face.step(agent, self._user.frame()), not np.any(agent))
                yield await self._picture(motion)
                if generation != self._generation:
                    continue  # interrupted while it was drawn: its sound must not be heard any more
                if sound is not None:
                    yield rtc.AudioFrame(sound.tobytes(), self._rate, 1, len(sound))
                if ended:
                    yield AudioSegmentEnd()

    def _next_sound(self) -> tuple[np.ndarray | None, bool]:
        """40 ms of the agent's sound, if there are, and whether what it says ends with them.

        Less than 40 ms waits for the rest, unless nothing follows: then silence fills it up.
        """
        due = self._rate // FRAME_RATE
        have, ended = 0, False
        for part in self._sound:
            if have >= due:
                break
            have, ended = have + len(part), not len(part)
            if ended:
                break
        if have < due and not ended:
            return None, False
        frame = np.zeros(due, dtype=np.int16)
        filled = 0
        while filled < min(have, due):
            part = self._sound.popleft()
            taken = min(len(part), due - filled)
            frame[filled : filled + taken] = part[:taken]
            filled += taken
            if taken < len(part):
                self._sound.appendleft(part[taken:])
        self._waiting -= filled
        if self._sound and not len(self._sound[0]):
            ended = True
            self._sound.popleft()
        self._room.set()
        return (frame if filled else None), ended

    async def _picture(self, motion: FloatArray) -> rtc.VideoFrame:
        """The picture of this motion, or the last one where drawing takes longer: the sound never waits."""
        if self._drawing is None:
            self._drawing = asyncio.get_running_loop().run_in_executor(self._thread, self._draw, motion)
        await asyncio.wait({self._drawing}, timeout=FIRST_PICTURE if self._shown is None else DRAWING_TIME)
        if self._drawing.done():
            picture, self._drawing = await self._drawing, None
            height, width, _ = picture.shape
            self._shown = rtc.VideoFrame(width, height, rtc.VideoBufferType.RGB24, picture.tobytes())
        if self._shown is None:
            raise TimeoutError(f"no picture was drawn within {FIRST_PICTURE:g} s; is the stage stuck?")
        return self._shown

    def _draw(self, motion: FloatArray) -> Picture:
        if self._stage is None:
            self._stage = self._open()
        return self._stage.draw(motion)
