"""The procedural animator as a whole: contract, determinism, slots, life, listening."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from avatar import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    Column,
    IdleLife,
    MotionError,
    UnknownAnimatorError,
    animate,
    load_animator,
)
from avatar import measures as measure
from avatar.motion import HEAD, NAMES, validate

Sound = NDArray[np.float32]
SILENT = np.zeros(FRAME_SAMPLES, np.float32)
NOTHING = np.zeros(0, np.float32)


def quiet(seconds: float) -> Sound:
    return np.zeros(int(seconds * SAMPLE_RATE), np.float32)


@pytest.fixture(scope="module")
def exchange(babble: Sound) -> tuple[Sound, Sound]:
    """Agent and user taking turns for some two minutes."""
    pause = np.zeros(len(babble) + SAMPLE_RATE // 2, np.float32)
    turn = np.concatenate([babble, np.zeros(SAMPLE_RATE // 2, np.float32)])
    return np.concatenate([turn, pause] * 8), np.concatenate([pause, turn] * 8)


@pytest.fixture(scope="module")
def exchanged(exchange: tuple[Sound, Sound]) -> Sound:
    return animate(load_animator("procedural"), *exchange, seed=4)


def test_one_step_gives_61_float32_in_range(babble: Sound) -> None:
    with load_animator("procedural").stream() as face:
        motion = face.step(babble[:FRAME_SAMPLES], SILENT)
    assert motion.shape == (61,) and motion.dtype == np.float32
    validate(motion)


def test_a_whole_exchange_stays_in_range(exchanged: Sound) -> None:
    validate(exchanged)


def test_the_same_seed_and_sound_give_the_same_bytes(exchange: tuple[Sound, Sound]) -> None:
    short = tuple(side[: 8 * SAMPLE_RATE] for side in exchange)
    first, again = (animate(load_animator("procedural"), *short, seed=9) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != animate(load_animator("procedural"), *short, seed=10).tobytes()
    assert first.tobytes() != animate(load_animator("procedural", seed=1), *short, seed=9).tobytes()


def test_streaming_is_causal(exchange: tuple[Sound, Sound]) -> None:
    agent, user = (side[: 6 * SAMPLE_RATE] for side in exchange)
    whole = animate(load_animator("procedural"), agent, user)
    half = len(agent) // 2 // FRAME_SAMPLES * FRAME_SAMPLES
    part = animate(load_animator("procedural"), agent[:half], user[:half])
    np.testing.assert_array_equal(whole[: len(part)], part)


def test_slots_equal_single_streams_exactly_with_newcomers_and_gaps(babble: Sound) -> None:
    rng = np.random.default_rng(5)
    animator = load_animator("procedural")
    frames = babble[: len(babble) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    streams = [animator.stream(seed) for seed in range(4)]
    faces = [stream.__enter__() for stream in streams]
    with animator.open_slots(4) as bank:
        for tick in range(90):
            if tick == 40:
                bank.reset(2, seed=77)
                faces[2] = animator.stream(77).__enter__()
            mask = rng.random(4) < 0.7
            agent, user = frames[rng.integers(0, len(frames), 4)], frames[rng.integers(0, len(frames), 4)]
            theirs = rng.uniform(0, 0.5, (4, 61)).astype(np.float32)
            theirs[rng.random(4) < 0.5] = np.nan
            together = bank.step(mask, agent, user, theirs)
            for slot in range(4):
                known = None if np.isnan(theirs[slot, 0]) else theirs[slot]
                alone = faces[slot].step(agent[slot], user[slot], known) if mask[slot] else np.zeros(61)
                np.testing.assert_array_equal(together[slot], alone)


def test_nothing_but_eyes_and_lids_jumps(exchanged: Sound) -> None:
    steps = np.abs(np.diff(exchanged, axis=0)).max(axis=0)
    fast = {name for name in NAMES if name.startswith(("eyeBlink", "eyeLook")) or "Eye" in name}
    limits = {"headYaw": 0.05, "headPitch": 0.05, "headRoll": 0.05}  # radians a frame
    for column, name in enumerate(NAMES):
        if name not in fast:
            assert steps[column] <= limits.get(name, 0.35), name


def test_the_head_stays_natural(exchanged: Sound) -> None:
    degrees = np.degrees(exchanged[:, HEAD])
    assert np.abs(degrees).max() < 20
    assert degrees.std(axis=0).min() > 0.3


def test_speakers_move_the_head_more_than_listeners(exchange: tuple[Sound, Sound], exchanged: Sound) -> None:
    agent, user = (measure.envelope(side) > -50 for side in exchange)
    assert measure.head_speed(exchanged, agent) > 1.2 * measure.head_speed(exchanged, user)


def test_the_listener_looks_at_the_partner_more_than_the_speaker(
    exchange: tuple[Sound, Sound], exchanged: Sound
) -> None:
    agent, user = (measure.envelope(side) > -50 for side in exchange)
    assert measure.gaze_share(exchanged, user) > 0.6 > measure.gaze_share(exchanged, agent) > 0.2


def test_a_face_at_rest_blinks_about_17_times_a_minute_for_200_ms() -> None:
    life = IdleLife(3)
    motion = np.stack([life.step() for _ in range(25 * 600)])
    blinks = measure.blinks(motion)
    assert 13 < blinks.per_minute < 21
    assert 0.15 <= blinks.length <= 0.25
    validate(motion)


def test_idle_life_keeps_moving_with_the_mouth_shut() -> None:
    life = IdleLife(1)
    motion = np.stack([life.step() for _ in range(25 * 60)])
    assert motion[:, Column.jawOpen].max() == 0
    moved = np.abs(np.diff(motion[:, HEAD], axis=0)).max(axis=1)
    assert (moved > 0).all()


def test_the_user_speaking_draws_nods_of_natural_rate_and_depth(
    human: Callable[[str], Sound], long_prompts: list[str]
) -> None:
    user = np.concatenate([np.concatenate([human(name), quiet(1.0)]) for name in long_prompts[:10]])
    heard = animate(load_animator("procedural"), NOTHING, user, seed=2)
    alone = animate(load_animator("procedural"), quiet(len(user) / SAMPLE_RATE), NOTHING, seed=2)
    nods = measure.nods(heard)
    assert 4 < nods.per_minute < 25
    assert 2.0 <= nods.rate <= 6.5
    assert 1.5 < np.degrees(nods.depth) < 7
    assert measure.nods(alone).per_minute < 1


def test_the_listener_reacts_with_brows_and_smiles(phrase: Sound) -> None:
    user = np.concatenate([phrase, quiet(1.0)] * 12)
    heard = animate(load_animator("procedural"), NOTHING, user, seed=2)
    alone = animate(load_animator("procedural"), np.zeros_like(user), NOTHING, seed=2)
    assert heard[:, Column.browInnerUp].max() > 0.2 > alone[:, Column.browInnerUp].max()
    assert heard[:, Column.mouthSmileLeft].max() > 0.25 > alone[:, Column.mouthSmileLeft].max()


def test_the_users_smile_comes_back_weaker_about_600_ms_later() -> None:
    theirs = np.zeros((100, 61), np.float32)
    theirs[20:60, [Column.mouthSmileLeft, Column.mouthSmileRight]] = 0.8
    with_, without = (
        animate(load_animator("procedural"), quiet(4), NOTHING, motion)[:, Column.mouthSmileLeft]
        for motion in (theirs, None)
    )
    extra = with_ - without
    half = int(np.argmax(extra > 0.5 * extra.max()))
    assert 0.2 < extra.max() < 0.6
    assert extra[: 20 + 15].max() == 0
    assert 0.6 <= (half - 20) / 25 <= 0.85


def test_intensity_zero_leaves_idle_life_and_the_mouth(babble: Sound) -> None:
    calm = animate(load_animator("procedural", intensity=0.0), babble, NOTHING)
    assert calm[:, Column.browInnerUp].max() == 0
    assert calm[:, Column.jawOpen].max() > 0.3


@pytest.mark.parametrize(
    ("agent", "complaint"),
    [
        (np.zeros(639, np.float32), r"agent sound has shape \(639,\)"),
        (np.zeros((1, 640), np.float32), r"one frame is \(640,\)"),
        (np.zeros(640, np.int16), "int16"),
        (np.full(640, np.nan, np.float32), "sample 0 is nan"),
        (np.r_[np.zeros(639), np.inf].astype(np.float32), "sample 639 is inf"),
    ],
)
def test_a_bad_frame_is_refused_and_leaves_the_face_as_it_was(
    agent: Sound, complaint: str, babble: Sound
) -> None:
    good = babble[:FRAME_SAMPLES]
    with load_animator("procedural").stream() as face, load_animator("procedural").stream() as other:
        with pytest.raises(MotionError, match=complaint):
            face.step(agent, good)
        with pytest.raises(MotionError, match="user motion"):
            face.step(good, good, np.zeros(60, np.float32))
        with pytest.raises(MotionError, match="eyeBlinkLeft is nan"):
            face.step(good, good, np.full(61, np.nan, np.float32))
        np.testing.assert_array_equal(face.step(good, good), other.step(good, good))


def test_clipped_sound_is_taken() -> None:
    loud = np.tile(np.float32([3.0, -3.0]), FRAME_SAMPLES // 2)
    with load_animator("procedural").stream() as face:
        validate(face.step(loud, loud))


def test_a_bank_refuses_wrong_shapes_and_slots_that_are_not_there() -> None:
    animator = load_animator("procedural")
    sounds = np.zeros((2, FRAME_SAMPLES), np.float32)
    with animator.open_slots(2) as bank:
        with pytest.raises(MotionError, match="no slot 2"):
            bank.reset(2, 0)
        with pytest.raises(MotionError, match="mask has shape"):
            bank.step(np.ones(3, bool), sounds, sounds)
        with pytest.raises(MotionError, match="user sound has shape"):
            bank.step(np.ones(2, bool), sounds, sounds[:1])
        with pytest.raises(MotionError, match="boolean"):
            bank.step(np.ones(2), sounds, sounds)  # type: ignore[arg-type]
    with pytest.raises(MotionError, match="at least 1 slot"), animator.open_slots(0):
        pass


def test_an_unknown_animator_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownAnimatorError, match=r"'dancer'; known: .*procedural"):
        load_animator("dancer")


def test_options_are_checked() -> None:
    with pytest.raises(ValidationError, match="intensity"):
        load_animator("procedural", intensity=9)
    with pytest.raises(ValidationError, match="sparkle"):
        load_animator("procedural", sparkle=1)


def test_animating_pads_the_shorter_recording_and_rounds_up() -> None:
    animator = load_animator("procedural")
    calls: list[tuple[int, int]] = []
    motion = animate(
        animator,
        np.zeros(641, np.float32),
        np.zeros(3, np.float32),
        progress=lambda done, all_: calls.append((done, all_)),
    )
    assert motion.shape == (2, 61)
    assert calls == [(1, 2), (2, 2)]
    assert animate(animator, NOTHING, np.zeros(1, np.float32)).shape == (1, 61)


@pytest.mark.parametrize(
    ("agent", "user_motion", "complaint"),
    [
        (NOTHING, None, "both recordings are empty"),
        (np.zeros((2, 10), np.float32), None, "mono"),
        (np.zeros(10, np.int16), None, "int16"),
        (np.full(10, np.nan, np.float32), None, "sample 0"),
        (np.zeros(10, np.float32), np.zeros(61, np.float32), r"\(frames, 61\)"),
        (np.zeros(10, np.float32), np.full((1, 61), 2.0, np.float32), "eyeBlinkLeft is 2"),
    ],
)
def test_animating_refuses_bad_recordings(agent: Sound, user_motion: Sound | None, complaint: str) -> None:
    with pytest.raises(MotionError, match=complaint):
        animate(load_animator("procedural"), agent, NOTHING, user_motion)
