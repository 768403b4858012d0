"""One pass after another without a jump, and without delay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.dualtalk.blending import OverlapBlend
from avatar.dualtalk.context import RollingContext


def passes_of(seed: int, count: int, step: int) -> np.ndarray:
    """Passes (count, step + 1, 3) that each move gently and disagree wildly; row 0 is the frame before."""
    random = np.random.default_rng(seed)
    levels = random.normal(0, 5, (count, 1, 3))
    return (levels + np.cumsum(random.normal(0, 0.1, (count, step + 1, 3)), axis=1)).astype(np.float32)


def shown(passes: np.ndarray, blend_frames: int) -> np.ndarray:
    blend = OverlapBlend(blend_frames, 3)
    frames = [np.zeros(3, np.float32)]
    for made in passes:
        blend.take(made[0], made[1:])
        frames += [blend.step() for _ in made[1:]]
    return np.array(frames)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 6), st.integers(1, 10))
def test_a_step_is_the_passs_own_and_its_share_of_the_difference(
    seed: int, count: int, step: int, blend: int
) -> None:
    passes = passes_of(seed, count, step)
    frames = shown(passes, blend)
    for index, made in enumerate(passes):
        begin = index * step
        difference = frames[begin] - made[0]
        for age in range(step):
            change = frames[begin + age + 1] - frames[begin + age]
            share = difference / (blend + 1) if age <= blend else 0
            np.testing.assert_allclose(change, made[age + 1] - made[age] - share, atol=1e-4)


def test_passes_that_disagree_jump_only_without_blending() -> None:
    passes = passes_of(seed=1, count=20, step=4)
    disagreement = np.abs(np.diff(passes[:, 0], axis=0)).max()
    hard, soft = (np.abs(np.diff(shown(passes, frames), axis=0)).max() for frames in (0, 9))
    assert hard > 0.8 * disagreement
    assert soft < 0.2 * disagreement


def test_a_pass_is_followed_exactly_once_the_difference_has_faded() -> None:
    passes = passes_of(seed=2, count=1, step=12)
    frames = shown(passes, 5)
    np.testing.assert_allclose(frames[6:], passes[0, 6:], atol=1e-6)
    assert np.abs(frames[1:6] - passes[0, 1:6]).max() > 0.1


def test_passes_that_agree_are_shown_as_they_are() -> None:
    whole = passes_of(seed=3, count=1, step=20)[0]
    whole -= whole[0]  # the face at rest comes before
    passes = np.array([whole[at : at + 6] for at in range(0, 20, 5)])
    np.testing.assert_allclose(shown(passes, 7), whole, atol=1e-5)


def test_the_last_frame_stays_when_there_is_no_other() -> None:
    blend = OverlapBlend(3, 2)
    assert not blend.step().any()
    blend.take(np.zeros(2, np.float32), np.ones((1, 2), np.float32))
    first = blend.step()
    np.testing.assert_array_equal(blend.step(), first)


def test_after_a_pass_that_overflowed_the_next_begins_clean() -> None:
    blend = OverlapBlend(3, 2)
    blend.take(np.full(2, np.nan, np.float32), np.full((1, 2), np.nan, np.float32))
    assert np.isnan(blend.step()).all()
    blend.take(np.zeros(2, np.float32), np.ones((2, 2), np.float32))
    np.testing.assert_array_equal(blend.step(), 1)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 7), st.integers(0, 20))
def test_a_context_holds_the_last_frames_after_silence(frames: int, heard: int) -> None:
    random = np.random.default_rng(heard)
    agent, user, motion = (random.normal(size=(heard, width)).astype(np.float32) for width in (640, 640, 5))
    context = RollingContext(frames, 5)
    for a, u, m in zip(agent, user, motion, strict=True):
        context.push(a[None], u, m)
    for whole, kept in zip((agent, user, motion), context.clip(), strict=True):
        padded = np.concatenate([np.zeros((frames, whole.shape[1]), np.float32), whole])[-frames:]
        np.testing.assert_array_equal(kept.reshape(frames, -1), padded)


def test_unknown_motion_is_a_face_at_rest() -> None:
    context = RollingContext(2, 3)
    sound = np.zeros(640, np.float32)
    context.push(sound[None], sound, np.ones(3, np.float32))
    context.push(sound[None], sound, None)
    context.push(sound[None], sound, None)
    assert not context.clip()[2].any()


@pytest.mark.parametrize("frames", [0, 4])
def test_frames_shown_are_never_changed_afterwards(frames: int) -> None:
    passes = passes_of(seed=4, count=3, step=2)
    blend = OverlapBlend(frames, 3)
    kept, copies = [], []
    for made in passes:
        blend.take(made[0], made[1:])
        for _ in range(2):
            kept.append(blend.step())
            copies.append(kept[-1].copy())
    np.testing.assert_array_equal(np.array(kept), np.array(copies))
