"""The LiveKit example as LiveKit's avatar runner uses it: pictures with their sound, cut by interruptions."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np
import pytest

from avatar.motion import Column

livekit = pytest.importorskip("livekit.agents.voice.avatar", reason="livekit-agents is not installed")
rtc = pytest.importorskip("livekit.rtc", reason="livekit is not installed")

RATE = 24_000  # Hz
FRAME = RATE // 25


class Mirror:
    """Draws the jaw's opening as grey, so that pictures tell which motion they show."""

    def __init__(self) -> None:
        self.closed = False

    def draw(self, *motions: np.ndarray) -> np.ndarray:
        return np.full((8, 16, 3), round(float(motions[0][Column.jawOpen]) * 255), dtype=np.uint8)

    def close(self) -> None:
        self.closed = True


def tone(samples: int) -> np.ndarray:
    at = np.arange(samples) / RATE
    voiced = sum(np.sin(2 * np.pi * 130 * k * at) / k for k in range(1, 12))
    return (6_000 * voiced * np.sin(2 * np.pi * 2 * at) ** 2).astype(np.int16)


def sound(pcm: np.ndarray, rate: int = RATE) -> Any:
    return rtc.AudioFrame(pcm.tobytes(), rate, 1, len(pcm))


async def taken(generator: Any, pictures: int) -> list[Any]:
    """What comes until so many pictures and all that belongs to them have come."""
    got: list[Any] = []
    async for item in generator:
        if isinstance(item, rtc.VideoFrame):
            if pictures == 0:
                break
            pictures -= 1
        got.append(item)
    return got


def faces(stage: Mirror | None = None) -> Any:
    from livekit_avatar import FaceGenerator

    return FaceGenerator(lambda: stage or Mirror(), sample_rate=RATE)


async def test_every_frame_of_sound_follows_its_picture_and_the_segment_ends_after_all_of_it() -> None:
    generator = faces()
    pcm = tone(10 * FRAME + 100)
    for at in range(0, len(pcm), 700):
        await generator.push_audio(sound(pcm[at : at + 700]))
    await generator.push_audio(livekit.AudioSegmentEnd())
    got = await taken(aiter(generator), 14)
    kinds = "".join(
        "V" if isinstance(item, rtc.VideoFrame) else "A" if isinstance(item, rtc.AudioFrame) else "."
        for item in got
    )
    assert kinds == "VA" * 11 + "." + "VVV", "the face goes on when the voice is done"
    heard = np.concatenate([np.frombuffer(i.data, np.int16) for i in got if isinstance(i, rtc.AudioFrame)])
    np.testing.assert_array_equal(heard[: len(pcm)], pcm)
    assert not heard[len(pcm) :].any() and len(heard) == 11 * FRAME
    await generator.aclose()


async def test_less_than_a_frame_waits_for_the_rest_while_the_face_goes_on() -> None:
    generator = faces()
    frames = aiter(generator)
    await generator.push_audio(sound(tone(FRAME - 1)))
    assert all(isinstance(item, rtc.VideoFrame) for item in [await anext(frames) for _ in range(3)])
    await generator.push_audio(sound(tone(1)))
    assert isinstance(await anext(frames), rtc.VideoFrame)
    assert isinstance(await anext(frames), rtc.AudioFrame)
    await frames.aclose()
    await generator.aclose()


async def test_two_segments_end_twice() -> None:
    generator = faces()
    for _ in range(2):
        await generator.push_audio(sound(tone(FRAME)))
        await generator.push_audio(livekit.AudioSegmentEnd())
    got = await taken(aiter(generator), 2)
    assert [isinstance(item, livekit.AudioSegmentEnd) for item in got] == [False, False, True] * 2
    await generator.aclose()


async def test_an_interruption_drops_all_sound_and_shuts_the_mouth() -> None:
    generator = faces()
    await generator.push_audio(sound(tone(60 * FRAME)))
    frames = aiter(generator)
    opened = 0
    for _ in range(40):
        item = await anext(frames)
        if isinstance(item, rtc.VideoFrame):
            opened = max(opened, bytes(item.data)[0])
    assert opened > 10
    while not isinstance(item, rtc.VideoFrame):
        item = await anext(frames)
    generator.clear_buffer()  # between a picture and its sound
    rest = [await anext(frames) for _ in range(12)]
    assert all(isinstance(item, rtc.VideoFrame) for item in rest)
    assert max(bytes(item.data)[0] for item in rest[3:]) <= 2
    await frames.aclose()
    await generator.aclose()


async def test_a_voice_that_is_faster_than_time_is_held_back_and_let_go_when_interrupted() -> None:
    generator = faces()
    await generator.push_audio(sound(tone(61 * RATE)))
    waiting = asyncio.create_task(generator.push_audio(sound(tone(FRAME))))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    generator.clear_buffer()
    await asyncio.wait_for(waiting, timeout=5)
    assert all(isinstance(item, rtc.VideoFrame) for item in await taken(aiter(generator), 3)), "it was stale"
    await generator.aclose()


async def test_the_face_hears_the_user() -> None:
    async def pictures(loud: bool) -> list[int]:
        from livekit_avatar import FaceGenerator

        class Glance(Mirror):
            def draw(self, *motions: np.ndarray) -> np.ndarray:
                turned = motions[0][[Column.headPitch, Column.leftEyeYaw, Column.leftEyePitch]]
                return np.tile((128 + 800 * turned).clip(0, 255).astype(np.uint8), (2, 2, 1))

        generator = FaceGenerator(Glance, sample_rate=RATE, seed=5)
        frames, seen = aiter(generator), []
        said = tone(60 * FRAME) if loud else np.zeros(60 * FRAME, np.int16)
        for piece in said.reshape(60, FRAME):
            generator.hear_user(sound(piece))
            seen += list(bytes((await anext(frames)).data)[:3])
        await frames.aclose()
        await generator.aclose()
        return seen

    assert await pictures(True) != await pictures(False)


async def test_sound_never_waits_for_slow_drawing() -> None:
    class Slow(Mirror):
        drawn = 0

        def draw(self, *motions: np.ndarray) -> np.ndarray:
            time.sleep(0.2)
            Slow.drawn += 1
            return super().draw(*motions)

    generator = faces(Slow())
    await generator.push_audio(sound(tone(20 * FRAME)))
    await generator.push_audio(livekit.AudioSegmentEnd())
    got = await taken(aiter(generator), 20)
    assert sum(isinstance(item, rtc.AudioFrame) for item in got) == 20
    assert sum(isinstance(item, rtc.VideoFrame) for item in got) == 20
    assert 1 <= Slow.drawn < 15, "pictures are shown again instead"
    await generator.aclose()


async def test_sound_of_another_rate_than_the_runners_is_refused() -> None:
    with pytest.raises(ValueError, match="48000 Hz; 24000 are due"):
        await faces().push_audio(sound(tone(100), 48_000))


async def test_closing_ends_the_iteration_and_gives_the_stage_back() -> None:
    stage = Mirror()
    generator = faces(stage)
    frames = aiter(generator)
    await anext(frames)
    await generator.aclose()
    assert stage.closed
    with pytest.raises(StopAsyncIteration):
        await anext(frames)


@pytest.mark.slow
async def test_livekits_own_synchroniser_takes_the_pairs() -> None:
    source = rtc.AudioSource(RATE, 1, queue_size_ms=100)
    screen = rtc.VideoSource(16, 8)
    together = rtc.AVSynchronizer(
        audio_source=source, video_source=screen, video_fps=25, video_queue_size_ms=100
    )
    generator = faces()
    await generator.push_audio(sound(tone(5 * FRAME)))
    await generator.push_audio(livekit.AudioSegmentEnd())

    async def forward() -> list[str]:
        pushed = []
        async for item in generator:
            if isinstance(item, livekit.AudioSegmentEnd):
                break
            await together.push(item)
            pushed.append(type(item).__name__)
        return pushed

    assert await asyncio.wait_for(forward(), timeout=20) == ["VideoFrame", "AudioFrame"] * 5
    await together.aclose()
    await source.aclose()
    await screen.aclose()
    await generator.aclose()
