"""Continuity: gaps in the animator are bridged, and a barge-in shuts the mouth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from avatar import Column, Continuity, MotionError, animate, load_animator
from avatar.motion import ARTICULATORS, HEAD, validate

Motion = NDArray[np.float32]
EYES = [i for i in Column if i.name.startswith("eyeBlink") or i.name.startswith("eyeLook") or "Eye" in i.name]


@pytest.fixture(scope="module")
def speaking(babble: Motion) -> Motion:
    """Motion of an agent that speaks."""
    return animate(load_animator("procedural"), babble, np.zeros(0, np.float32), seed=1)


def open_frame(motion: Motion) -> int:
    """A frame at which the jaw is wide open."""
    return int(motion[:, Column.jawOpen].argmax())


def test_motion_passes_through_unchanged_while_it_comes(speaking: Motion) -> None:
    face = Continuity(0)
    for frame in speaking:
        np.testing.assert_array_equal(face.step(frame, agent_silent=False), frame)
    assert face.missed == 0


def test_before_the_first_motion_the_face_is_idle_and_alive() -> None:
    face = Continuity(0)
    frames = np.stack([face.step(None, agent_silent=True) for _ in range(100)])
    assert face.missed == 100
    assert frames[:, ARTICULATORS].max() == 0
    assert np.abs(np.diff(frames[:, HEAD], axis=0)).max(axis=1).min() > 0


def test_a_lost_animator_leaves_a_face_that_shuts_its_mouth_and_goes_on_living(speaking: Motion) -> None:
    face = Continuity(0)
    last = open_frame(speaking)
    for frame in speaking[: last + 1]:
        face.step(frame, agent_silent=False)
    gone = np.stack([face.step(None, agent_silent=False) for _ in range(50)])
    assert gone[2:, ARTICULATORS].max() <= 0.05 * speaking[:, ARTICULATORS].max()
    assert np.abs(np.diff(gone, axis=0)).max(axis=1).min() > 0
    assert face.missed == 50
    validate(gone)


def test_motion_that_returns_is_reached_within_a_quarter_second(speaking: Motion) -> None:
    face = Continuity(0)
    for frame in speaking[:20]:
        face.step(frame, agent_silent=False)
    for _ in range(10):
        face.step(None, agent_silent=False)
    back = [face.step(frame, agent_silent=False) for frame in speaking[30:40]]
    assert np.abs(back[0] - speaking[30]).max() > 1e-3
    np.testing.assert_array_equal(back[6], speaking[36])


def test_frames_that_are_not_finite_count_as_missed(speaking: Motion) -> None:
    face = Continuity(0)
    face.step(speaking[0], agent_silent=True)
    validate(face.step(np.full(61, np.nan, np.float32), agent_silent=True))
    assert face.missed == 1


def test_a_wrong_shape_is_an_error() -> None:
    with pytest.raises(MotionError, match=r"\(60,\)"):
        Continuity(0).step(np.zeros(60, np.float32), agent_silent=True)


@settings(max_examples=60, deadline=None)
@given(misses=st.lists(st.integers(1, 12), min_size=1, max_size=12), seed=st.integers(0, 99))
def test_no_pattern_of_misses_makes_the_face_jump(misses: list[int], seed: int, speaking: Motion) -> None:
    face = Continuity(seed)
    gone, frames = False, []
    for index, length in enumerate(misses * 3):
        gone = index % 2 == 1
        for _ in range(length):
            at = len(frames) % len(speaking)
            frames.append(face.step(None if gone else speaking[at], agent_silent=False))
    steps = np.abs(np.diff(np.stack(frames), axis=0))
    steps[len(speaking) - 1 :: len(speaking)] = 0  # where the recording wraps round
    steps[:, EYES] = 0
    assert steps[:, HEAD].max() < 0.09  # radians
    steps[:, HEAD] = 0
    assert steps.max() < 0.45


def test_a_barge_in_shuts_the_mouth_by_the_third_frame_whatever_the_animator_says(speaking: Motion) -> None:
    face = Continuity(0)
    wide = speaking[open_frame(speaking)]
    face.step(wide, agent_silent=False)
    face.close_mouth()
    assert face.mouth_closed
    frames = np.stack([face.step(wide, agent_silent=True) for _ in range(30)])
    span = wide[ARTICULATORS].max()
    assert frames[2:, ARTICULATORS].max() <= 0.05 * span
    assert np.abs(np.diff(np.vstack([wide, frames]), axis=0))[:, ARTICULATORS].max() < 0.4
    others = np.setdiff1d(np.arange(61), ARTICULATORS)
    np.testing.assert_array_equal(frames[:, others], np.tile(wide[others], (30, 1)))


def test_the_mouth_stays_shut_until_the_agents_next_sound(speaking: Motion) -> None:
    face = Continuity(0)
    wide = speaking[open_frame(speaking)]
    face.step(wide, agent_silent=False)
    face.close_mouth()
    for _ in range(10):
        face.step(wide, agent_silent=True)
    assert face.mouth_closed
    opening = [face.step(wide, agent_silent=False)[Column.jawOpen] for _ in range(4)]
    assert not face.mouth_closed
    assert 0 < opening[0] < opening[1] < opening[2] == opening[3] == wide[Column.jawOpen]


def test_a_barge_in_during_a_gap_shuts_the_mouth_too(speaking: Motion) -> None:
    face = Continuity(0)
    face.step(speaking[open_frame(speaking)], agent_silent=False)
    face.close_mouth()
    frames = [face.step(None, agent_silent=True) for _ in range(3)]
    assert frames[-1][ARTICULATORS].max() == 0


def test_continuity_is_deterministic(speaking: Motion) -> None:
    def run() -> bytes:
        face = Continuity(3)
        return b"".join(
            face.step(None if index % 7 > 4 else frame, agent_silent=False).tobytes()
            for index, frame in enumerate(speaking)
        )

    assert run() == run()
