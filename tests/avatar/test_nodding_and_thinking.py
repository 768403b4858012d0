"""Nods and thinking, laid over whatever an animator does."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar import Column, IdleLife, animate, load_animator
from avatar.eye_turn import turn_eyes
from avatar.measures import nod_cycles
from avatar.motion import ARTICULATORS, EYE_LOOK_PITCH, EYE_LOOK_YAW, HEAD, validate
from avatar.nodding import Nodding
from avatar.thinking import DISTANCE, HEAD_SHARE, Thinking

Motion = NDArray[np.float32]
EYES = [Column.leftEyeYaw, Column.rightEyeYaw, Column.leftEyePitch, Column.rightEyePitch]
HEAD_STEP, OTHER_STEP = 0.09, 0.45  # what Continuity's own tests allow a frame, radians and weight
SECOND = 25  # frames
SLOWLY_LOADED = pytest.param("streaming", marks=pytest.mark.slow)


@pytest.fixture(scope="module", params=["rest", "idle", "procedural", SLOWLY_LOADED])
def under(request: pytest.FixtureRequest, babble: Motion) -> Motion:
    """Six seconds of faces to lay gestures over: motionless, idle, and of animators that listen."""
    if request.param == "rest":
        return np.zeros((150, 61), np.float32)
    if request.param == "idle":
        idle = IdleLife(3)
        return np.stack([idle.step() for _ in range(150)])
    silent = np.zeros(6 * 16_000, np.float32)
    motion: Motion = animate(load_animator(request.param), silent, babble[: silent.size], seed=1)[:150]
    return motion


def nodded(under: Motion, *starts: int, seed: int = 0) -> Motion:
    nodding = Nodding(seed)
    frames = []
    for index, frame in enumerate(under):
        if index in starts:
            nodding.start()
        frames.append(nodding.step(frame))
    return np.stack(frames)


def thought(under: Motion, start: int, end: int, seed: int = 0) -> Motion:
    thinking = Thinking(seed)
    return np.stack([thinking.step(frame, start <= index < end) for index, frame in enumerate(under)])


def expect_smooth(motion: Motion, under: Motion) -> None:
    """No column changes faster than Continuity's limits, or than the animator did by itself."""
    steps = np.abs(np.diff(motion, axis=0))
    free = np.abs(np.diff(under, axis=0))
    eyes = [i for i in Column if "Eye" in i.name or i.name.startswith("eye")]
    assert (steps[:, HEAD] <= np.maximum(HEAD_STEP, free[:, HEAD])).all()
    others = np.setdiff1d(np.arange(52), eyes)
    assert (steps[:, others] <= np.maximum(OTHER_STEP, free[:, others])).all()
    validate(motion)


class TestNodding:
    def test_a_nod_is_quick_small_and_declining(self) -> None:
        rest = np.zeros((150, 61), np.float32)
        several = 0
        for seed in range(12):
            cycles = nod_cycles(nodded(rest, 20, seed=seed))
            assert 1 <= len(cycles) <= 3
            assert all(2.5 <= cycle.rate <= 6.5 for cycle in cycles)
            depths = [cycle.depth for cycle in cycles]
            assert np.radians(1.0) < depths[0] < np.radians(5)
            assert depths == sorted(depths, reverse=True)
            several += len(cycles) > 1
        assert several >= 3

    def test_it_is_smooth_over_every_animator_and_leaves_the_mouth_alone(self, under: Motion) -> None:
        moved = nodded(under, 20, 70, 110)
        expect_smooth(moved, under)
        np.testing.assert_array_equal(moved[:, ARTICULATORS], under[:, ARTICULATORS])
        assert not np.array_equal(moved, under)

    def test_before_and_after_a_nod_every_bit_is_the_animator_s(self, under: Motion) -> None:
        moved = nodded(under, 20)
        np.testing.assert_array_equal(moved[:20], under[:20])
        np.testing.assert_array_equal(moved[60:], under[60:])

    def test_the_gaze_stays_where_it_was(self, under: Motion) -> None:
        moved = nodded(under, 20)
        gaze = moved[:, Column.headPitch] + moved[:, Column.leftEyePitch]
        before = under[:, Column.headPitch] + under[:, Column.leftEyePitch]
        np.testing.assert_allclose(gaze, before, atol=1e-5)

    def test_it_adds_the_same_frame_by_frame_to_any_face(self) -> None:
        still, turned = np.zeros((100, 61), np.float32), np.zeros((100, 61), np.float32)
        turned[:, HEAD] = 0.1
        np.testing.assert_allclose(nodded(still, 10) - still, nodded(turned, 10) - turned, atol=1e-6)

    def test_a_face_that_nods_by_itself_isn_t_made_to_nod_twice(self) -> None:
        motion = np.zeros((60, 61), np.float32)
        motion[10:20, Column.headPitch] = 0.05 * (1 - np.cos(np.linspace(0, 2 * np.pi, 10)))
        np.testing.assert_array_equal(nodded(motion, 15), motion)
        assert not np.array_equal(nodded(motion, 40), motion)

    def test_a_nod_under_way_isn_t_begun_again(self) -> None:
        rest = np.zeros((150, 61), np.float32)
        np.testing.assert_array_equal(nodded(rest, 20)[:24], nodded(rest, 20, 22)[:24])


class TestThinking:
    def test_it_is_smooth_over_every_animator_and_leaves_the_mouth_alone(self, under: Motion) -> None:
        moved = thought(under, 30, 100)
        expect_smooth(moved, under)
        np.testing.assert_array_equal(moved[:, ARTICULATORS], under[:, ARTICULATORS])

    def test_the_gaze_leaves_by_four_to_eight_degrees_and_the_head_follows_a_little(self) -> None:
        rest = np.zeros((150, 61), np.float32)
        for seed in range(10):
            moved = thought(rest, 25, 125, seed)
            away = moved[35:120]
            gaze = np.hypot(
                away[:, Column.headYaw] + away[:, Column.leftEyeYaw],
                away[:, Column.headPitch] + away[:, Column.leftEyePitch],
            )
            assert DISTANCE[0] - 0.03 < gaze.min()
            assert gaze.max() < DISTANCE[1] + 0.03
            head = np.hypot(away[:, Column.headYaw], away[:, Column.headPitch])
            assert 0 < head.max() < HEAD_SHARE * DISTANCE[1] + 0.03

    def test_most_looks_go_up(self) -> None:
        rest = np.zeros((60, 61), np.float32)
        up = [thought(rest, 0, 60, seed)[20, Column.leftEyePitch] < 0 for seed in range(40)]
        assert 0.55 < np.mean(up) < 0.95

    def test_the_eyes_are_back_within_a_fifth_of_a_second_and_the_rest_within_one(
        self, under: Motion
    ) -> None:
        moved = thought(under, 30, 80)
        gaze, free = (
            np.stack(
                [
                    motion[:, Column.headYaw] + motion[:, Column.leftEyeYaw],
                    motion[:, Column.headPitch] + motion[:, Column.leftEyePitch],
                ]
            )
            for motion in (moved, under)
        )
        assert np.abs(gaze - free)[:, 80 + SECOND // 5 :].max() < np.radians(0.2)
        np.testing.assert_allclose(moved[80 + 2 * SECOND :], under[80 + 2 * SECOND :], atol=1e-3)

    def test_a_face_that_doesn_t_think_passes_through_bit_by_bit(self, under: Motion) -> None:
        np.testing.assert_array_equal(thought(under, 150, 150), under)

    def test_the_same_seed_gives_the_same_looks_and_another_doesn_t(self) -> None:
        rest = np.zeros((60, 61), np.float32)
        np.testing.assert_array_equal(thought(rest, 5, 50, 1), thought(rest, 5, 50, 1))
        assert not np.array_equal(thought(rest, 5, 50, 1), thought(rest, 5, 50, 2))


@pytest.mark.parametrize(("yaw", "pitch"), [(0.1, 0.05), (-0.1, -0.05), (0.0, 0.0)])
def test_rotations_and_weights_of_the_eyes_say_the_same(yaw: float, pitch: float) -> None:
    motion = np.zeros(61)
    turn_eyes(motion, 0.2, -0.1)
    turn_eyes(motion, yaw - 0.2, pitch + 0.1)
    np.testing.assert_allclose(motion[EYES], [yaw, yaw, pitch, pitch], atol=1e-12)
    left, down = max(yaw, 0) / EYE_LOOK_YAW, max(pitch, 0) / EYE_LOOK_PITCH
    assert motion[Column.eyeLookOutLeft] == pytest.approx(left) == motion[Column.eyeLookInRight]
    assert motion[Column.eyeLookDownLeft] == pytest.approx(down) == motion[Column.eyeLookDownRight]
    assert motion[Column.eyeLookOutRight] == pytest.approx(max(-yaw, 0) / EYE_LOOK_YAW)
    assert motion[Column.eyeLookUpRight] == pytest.approx(max(-pitch, 0) / EYE_LOOK_PITCH)


def test_weights_that_both_eyes_directions_share_are_kept() -> None:
    motion = np.zeros(61)
    motion[[Column.eyeLookDownLeft, Column.eyeLookUpLeft]] = 0.3, 0.1
    turn_eyes(motion, 0.0, -0.15)
    assert motion[Column.eyeLookUpLeft] == pytest.approx(0.2)
    assert motion[Column.eyeLookDownLeft] == pytest.approx(0.1)
