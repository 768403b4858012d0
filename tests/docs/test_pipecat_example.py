"""The Pipecat example in a real pipeline: the face never stops, and sound and motion leave together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from avatar.motion import COLUMNS, Column

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("pipecat")]

RATE = 24_000  # Hz: what most voices of Pipecat speak at


def syllables(seconds: float, rate: int) -> bytes:
    """A tone that opens and closes four times a second."""
    time = np.arange(int(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 12))
    return (6_000 * tone * np.sin(2 * np.pi * 2 * time) ** 2).astype(np.int16).tobytes()


def spoken(seconds: float, piece: float = 0.1) -> list[Any]:
    from pipecat.frames.frames import TTSAudioRawFrame

    whole = syllables(seconds, RATE)
    size = int(piece * RATE) * 2
    return [TTSAudioRawFrame(whole[at : at + size], RATE, 1) for at in range(0, len(whole), size)]


async def through(processor: Any, frames: Sequence[Any]) -> list[Any]:
    from pipecat.tests.utils import run_test

    down, _ = await asyncio.wait_for(run_test(processor, frames_to_send=frames, start_timeout=20), timeout=60)
    return list(down)


async def test_each_frame_of_sound_follows_its_motion_and_none_is_lost() -> None:
    from pipecat.frames.frames import TTSAudioRawFrame, TTSStartedFrame, TTSStoppedFrame
    from pipecat_avatar import AvatarFace, MotionFrame

    sent = spoken(1.0)
    whole = b"".join(frame.audio for frame in sent)
    out = await through(AvatarFace(), [TTSStartedFrame(), *sent, TTSStoppedFrame()])
    moved = [frame for frame in out if isinstance(frame, MotionFrame)]
    heard = [frame for frame in out if isinstance(frame, TTSAudioRawFrame)]
    assert [frame.number for frame in moved] == list(range(len(moved)))
    assert all(frame.motion.shape == (COLUMNS,) for frame in moved)
    assert b"".join(frame.audio for frame in heard) == whole
    assert {len(frame.audio) for frame in heard} == {RATE // 25 * 2}
    for index, frame in enumerate(out):
        if isinstance(frame, TTSAudioRawFrame):
            assert isinstance(out[index - 1], MotionFrame), "every 40 ms of sound has a motion of its own"
    ends = next(i for i, frame in enumerate(out) if isinstance(frame, TTSStoppedFrame))
    assert out.index(heard[-1]) < ends, "what was said is over before it is said to be"
    speaking = [frame.motion[Column.jawOpen] for frame in moved]
    assert max(speaking) > 0.05


async def test_an_interruption_drops_the_sound_and_the_face_goes_on_with_its_mouth_shut() -> None:
    from pipecat.frames.frames import InterruptionFrame, TTSAudioRawFrame
    from pipecat.tests.utils import SleepFrame
    from pipecat_avatar import AvatarFace, MotionFrame

    out = await through(
        AvatarFace(), [*spoken(5.0), SleepFrame(sleep=0.6), InterruptionFrame(), SleepFrame(sleep=0.6)]
    )
    cut = next(i for i, frame in enumerate(out) if isinstance(frame, InterruptionFrame))
    before = [f for f in out[:cut] if isinstance(f, TTSAudioRawFrame)]
    after = [f for f in out[cut:] if isinstance(f, TTSAudioRawFrame)]
    assert before and len(after) <= 1, "one frame may have been on its way"
    moved = [frame.motion for frame in out[cut:] if isinstance(frame, MotionFrame)]
    assert len(moved) > 5
    assert max(motion[Column.jawOpen] for motion in moved[4:]) < 0.02
    assert np.abs(np.diff(np.array(moved), axis=0)).max() > 0, "it lives on"


async def test_the_users_sound_passes_through_and_reaches_the_face() -> None:
    from pipecat.frames.frames import InputAudioRawFrame
    from pipecat.tests.utils import SleepFrame
    from pipecat_avatar import AvatarFace, MotionFrame

    async def listening(sound: bytes) -> tuple[int, np.ndarray]:
        pieces = [sound[at : at + 640] for at in range(0, len(sound), 640)]
        frames: list[Any] = []
        for piece in pieces:
            frames += [InputAudioRawFrame(piece, 16_000, 1), SleepFrame(sleep=0.02)]
        out = await through(AvatarFace(seed=3), frames)
        passed = sum(isinstance(frame, InputAudioRawFrame) for frame in out)
        return passed, np.array([frame.motion for frame in out if isinstance(frame, MotionFrame)])

    loud = syllables(1.2, 16_000)
    passed, attentive = await listening(loud)
    _, alone = await listening(bytes(len(loud)))
    assert passed == len(loud) // 640
    count = min(len(attentive), len(alone))
    assert np.abs(attentive[:count] - alone[:count]).max() > 1e-3, "it is another face when somebody speaks"


async def test_motion_becomes_pictures_and_pictures_that_would_be_late_are_left_out() -> None:
    import time

    from pipecat.frames.frames import OutputImageRawFrame
    from pipecat.tests.utils import SleepFrame
    from pipecat_avatar import DrawnFace, MotionFrame

    class SlowStage:
        closed = False

        def draw(self, motion: np.ndarray) -> np.ndarray:
            time.sleep(0.1)
            return np.full((4, 6, 3), round(float(motion[Column.jawOpen]) * 255), dtype=np.uint8)

        def close(self) -> None:
            SlowStage.closed = True

    frames: list[Any] = []
    for number in range(10):
        motion = np.zeros(COLUMNS, dtype=np.float32)
        motion[Column.jawOpen] = number / 10
        frames += [MotionFrame(motion=motion, number=number), SleepFrame(sleep=0.04)]
    out = await through(DrawnFace(SlowStage), [*frames, SleepFrame(sleep=0.3)])
    pictures = [frame for frame in out if isinstance(frame, OutputImageRawFrame)]
    assert 2 <= len(pictures) < 10
    assert pictures[0].size == (6, 4) and len(pictures[0].image) == 4 * 6 * 3
    assert [p.image[0] for p in pictures] == sorted({p.image[0] for p in pictures})
    assert SlowStage.closed
