"""Slots lent as leases, one call a tick, deadlines, and faces that come back after a loss."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from avatar import AnimatorConfig, load_animator
from orchestration.engines import EngineError, FacesFull
from orchestration.faces.desk import FaceBatch, FaceResult, SlotDesk
from orchestration.faces.local import LocalFaceBackend
from orchestration.faces.mixer import FaceMixer
from orchestration.media import AHEAD_FRAMES, MOTION_SIZE, USER_FRAME_SAMPLES, silence
from orchestration.virtual_time import run_in_virtual_time

SILENT = silence(USER_FRAME_SAMPLES)
NOTHING_AHEAD = np.zeros((AHEAD_FRAMES, USER_FRAME_SAMPLES), np.float32)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, USER_FRAME_SAMPLES).astype(np.float32)


def one(lease: int, agent, user) -> FaceBatch:
    return FaceBatch(
        (lease,), agent[None], user[None], np.full((1, MOTION_SIZE), np.nan, np.float32), NOTHING_AHEAD[None]
    )


class TestDesk:
    def test_a_leased_slot_moves_like_a_stream_of_its_own(self):
        desk = SlotDesk(AnimatorConfig(name="procedural"), slots=3)
        desk.open(1)
        lease = desk.open(5)
        with load_animator("procedural").stream(seed=5) as face:
            for frame in range(30):
                expected = face.step(noise(frame), noise(99 - frame))
                got = desk.step(one(lease, noise(frame), noise(99 - frame))).motion[0]
                np.testing.assert_array_equal(got, expected)

    def test_there_are_no_more_leases_than_slots_and_a_closed_one_is_free_again(self):
        desk = SlotDesk(AnimatorConfig(name="procedural"), slots=1)
        lease = desk.open(1)
        assert desk.open(2) is None
        desk.close(lease)
        assert desk.open(3) is not None

    def test_an_unknown_lease_is_reported_lost_and_the_others_move(self):
        desk = SlotDesk(AnimatorConfig(name="procedural"), slots=2)
        lease = desk.open(1)
        batch = FaceBatch(
            (lease, 12345),
            np.stack((SILENT, SILENT)),
            np.stack((SILENT, SILENT)),
            np.full((2, MOTION_SIZE), np.nan, np.float32),
            np.stack((NOTHING_AHEAD, NOTHING_AHEAD)),
        )
        result = desk.step(batch)
        assert result.lost == {12345}
        assert result.motion[0].any()

    def test_a_slot_opened_with_a_history_stands_where_the_lost_one_stood(self):
        history = tuple(one(0, noise(n), SILENT) for n in range(50))
        desk = SlotDesk(AnimatorConfig(name="procedural"), slots=2)
        original, restored = desk.open(4), desk.open(4, history)
        for batch in history:
            desk.step(replace(batch, leases=(original,)))
        after = [desk.step(one(lease, noise(60), SILENT)).motion[0] for lease in (original, restored)]
        np.testing.assert_array_equal(*after)


class CountingBackend:
    """A desk that counts its calls, and can be slow, broken, or forgetful."""

    def __init__(self, slots: int = 4) -> None:
        self.desk = SlotDesk(AnimatorConfig(name="procedural"), slots)
        self.steps = 0
        self.delay = 0.0
        self.broken = False

    async def open(self, seed, history):
        return self.desk.open(seed, history)

    async def step(self, batch: FaceBatch) -> FaceResult:
        self.steps += 1
        await asyncio.sleep(self.delay)
        if self.broken:
            raise EngineError("the avatar is gone")
        return self.desk.step(batch)

    async def close(self, lease):
        self.desk.close(lease)

    def forget(self):
        for lease in list(self.desk._lease_of):
            self.desk.close(lease)


def test_all_sessions_of_a_tick_share_one_call():
    async def main():
        backend = CountingBackend()
        mixer = FaceMixer(backend, deadline=0.03)
        channels = [await mixer.open(seed) for seed in range(4)]
        for _ in range(10):
            motions = await asyncio.gather(*(c.step(SILENT, SILENT, None, NOTHING_AHEAD) for c in channels))
            assert all(motion is not None for motion in motions)
            await asyncio.sleep(0.04)
        return backend.steps

    assert run_in_virtual_time(main()) == 10


def test_a_session_that_doesnt_tick_holds_the_others_up_for_a_moment_only():
    async def main():
        mixer = FaceMixer(CountingBackend(), deadline=0.03)
        first, _ = await mixer.open(1), await mixer.open(2)
        return await first.step(SILENT, SILENT, None, NOTHING_AHEAD)

    assert run_in_virtual_time(main()) is not None


def test_a_face_that_is_late_is_given_up_at_the_deadline():
    async def main():
        backend = CountingBackend()
        channel = await FaceMixer(backend, deadline=0.03).open(1)
        backend.delay = 0.2
        before = asyncio.get_running_loop().time()
        motion = await channel.step(SILENT, SILENT, None, NOTHING_AHEAD)
        return motion, asyncio.get_running_loop().time() - before

    motion, waited = run_in_virtual_time(main())
    assert motion is None
    assert waited == pytest.approx(0.03, abs=1e-6)


def test_a_stuck_backend_is_asked_a_bounded_number_of_times():
    async def main():
        backend = CountingBackend()
        channel = await FaceMixer(backend, deadline=0.03).open(1)
        backend.delay = 100
        for _ in range(50):
            await channel.step(SILENT, SILENT, None, NOTHING_AHEAD)
        return backend.steps

    assert run_in_virtual_time(main()) <= 4


@pytest.mark.parametrize("loss", ["forgotten", "broken"])
def test_a_lost_face_is_opened_anew_and_goes_on(loss):
    async def main():
        backend = CountingBackend()
        mixer = FaceMixer(backend, deadline=0.03)
        channel = await mixer.open(1)
        for _ in range(10):
            await channel.step(SILENT, SILENT, None, NOTHING_AHEAD)
        if loss == "forgotten":
            backend.forget()
        backend.broken = loss == "broken"
        lost = await channel.step(SILENT, SILENT, None, NOTHING_AHEAD)
        backend.broken = False
        await asyncio.sleep(0.1)
        return lost, await channel.step(SILENT, SILENT, None, NOTHING_AHEAD), mixer.lost

    lost, after, count = run_in_virtual_time(main())
    assert lost is None
    assert after is not None
    assert count == 1


async def test_the_face_of_one_session_too_many_is_refused():
    backend = LocalFaceBackend(AnimatorConfig(name="procedural"), slots=1)
    try:
        mixer = FaceMixer(backend, deadline=0.5)
        channel = await mixer.open(1)
        with pytest.raises(FacesFull):
            await mixer.open(2)
        await channel.close()
        await mixer.open(3)
    finally:
        backend.shut()
