"""The weights of the package: what they were made from, and that the face they move behaves."""

from __future__ import annotations

import numpy as np
import pytest

from avatar import FRAME_SAMPLES, Column, MotionError, animate, load_animator
from avatar.animator import FRAME_RATE
from avatar.motion import COLUMNS, HEAD, neutral, validate
from avatar.streaming import StreamingConfig, StreamingDualTalk
from avatar.streaming.animator import StreamingAnimator, Style
from avatar.streaming.checkpoint import SHIPPED, CheckpointError, about, save
from tests.avatar.conftest import silence, vowel

SILENT = np.zeros(FRAME_SAMPLES, np.float32)
SECONDS = 12


@pytest.fixture(scope="module")
def animator() -> StreamingAnimator:
    return StreamingAnimator()


def talk(seconds: float, pitch: float = 120.0) -> np.ndarray:
    """Open vowels of .3 s with .15 s between them."""
    beat = np.concatenate([vowel("a", 0.3, pitch), np.zeros(2400, np.float32)])
    return np.tile(beat, int(np.ceil(seconds * 16_000 / len(beat))))[: int(seconds * 16_000)]


def test_the_file_is_small_and_says_how_it_was_made():
    assert SHIPPED.stat().st_size <= 20e6
    said = about(SHIPPED)
    assert '"seed":0' in said["recipe"]
    assert said["licence"]


def test_the_mouth_opens_with_the_agents_voice_and_is_shut_without_it(animator):
    motion = animate(animator, np.concatenate([silence(2), talk(4), silence(2)]), silence(8))
    jaw = motion[:, Column.jawOpen]
    validate(motion)
    assert jaw[: int(1.8 * FRAME_RATE)].max() < 0.03
    assert jaw[int(6.4 * FRAME_RATE) :].max() < 0.03
    assert np.percentile(jaw[int(2.2 * FRAME_RATE) : int(5.8 * FRAME_RATE)], 90) > 0.15


def test_the_users_voice_alone_leaves_the_mouth_shut(animator):
    assert animate(animator, silence(SECONDS), talk(SECONDS))[:, Column.jawOpen].max() < 0.03


def test_the_partners_head_is_mirrored_where_it_is_known(animator):
    time = np.arange(SECONDS * FRAME_RATE) / FRAME_RATE
    theirs = np.tile(neutral(), (len(time), 1))
    theirs[:, Column.headYaw] = 0.12 * np.sin(2 * np.pi * 0.4 * time)
    sounds = silence(SECONDS), talk(SECONDS)
    seen = animate(animator, *sounds, theirs)
    unseen = animate(animator, *sounds)
    mirrored = seen[:, Column.headYaw] - unseen[:, Column.headYaw]
    later = round(0.6 * FRAME_RATE)
    answer = np.corrcoef(mirrored[later:], theirs[:-later, Column.headYaw])[0, 1]
    assert np.abs(mirrored).max() > np.radians(0.3)
    assert answer > 0.4


def test_the_same_seed_gives_the_same_motion_and_another_seed_another(animator):
    sounds = silence(SECONDS), talk(SECONDS)
    first, again, other = (animate(animator, *sounds, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other)[:, HEAD].max() > 0.01


def test_a_slot_moves_like_a_stream_of_its_seed(animator):
    agent, user = talk(3).reshape(-1, FRAME_SAMPLES), talk(3, 200.0)[::-1].copy().reshape(-1, FRAME_SAMPLES)
    expected = animate(animator, agent.ravel(), user.ravel(), seed=7)
    padded = np.concatenate([agent, np.zeros((animator.look_ahead, FRAME_SAMPLES), np.float32)])
    with animator.open_slots(3) as bank:
        bank.reset(1, 7)
        for frame in range(len(agent)):
            ahead = padded[frame + 1 : frame + 1 + bank.look_ahead]
            moved = bank.step(
                np.array([frame % 2 == 0, True, False]),
                np.stack([user[frame], agent[frame], SILENT]),
                np.stack([agent[frame], user[frame], SILENT]),
                None,
                np.stack([ahead, ahead, np.zeros_like(ahead)]),
            )
            np.testing.assert_allclose(moved[1], expected[frame], atol=1e-4)
            assert not moved[2].any()


def test_an_utterance_that_comes_at_once_is_spoken_as_one_known_before(animator):
    """The queue is empty until it begins: the ears catch up in that very frame."""
    sound = np.concatenate([talk(2), silence(0.4)]).reshape(-1, FRAME_SAMPLES)
    known = animate(animator, np.concatenate([silence(1), sound.ravel()]), silence(3.4))
    ahead = animator.look_ahead
    queue = np.concatenate([sound, np.zeros((ahead, FRAME_SAMPLES), np.float32)])
    with animator.stream() as face:
        for _ in range(FRAME_RATE):
            face.step(SILENT, SILENT, None, np.zeros((ahead, FRAME_SAMPLES), np.float32))
        sudden = np.stack(
            [
                face.step(queue[n], SILENT, None, queue[n + 1 : n + 1 + ahead])[Column.jawOpen]
                for n in range(len(sound))
            ]
        )
    expected = known[FRAME_RATE:, Column.jawOpen]
    assert np.corrcoef(sudden[4:], expected[4:])[0, 1] > 0.9


def test_intensity_zero_is_still_but_for_the_mouth(animator):
    with animator.stream() as face, animator.stream() as still:
        still.style = Style(intensity=0.0)
        sound = talk(SECONDS).reshape(-1, FRAME_SAMPLES)
        lively, calm = (np.stack([one.step(SILENT, frame) for frame in sound]) for one in (face, still))
    quiet, loud = (np.diff(motion[:, HEAD], axis=0).std() for motion in (calm, lively))
    assert quiet < loud


def test_an_identity_offset_is_added_to_every_frame(animator):
    offset = np.zeros(COLUMNS, np.float32)
    offset[Column.browDownLeft] = 0.3
    with animator.stream() as face, animator.stream() as plain:
        face.style = Style(identity=offset)
        difference = face.step(SILENT, SILENT) - plain.step(SILENT, SILENT)
    np.testing.assert_allclose(difference, offset, atol=1e-6)


def test_gladness_shows(animator):
    def smile(valence: float) -> float:
        with animator.stream() as face:
            face.style = Style(valence=valence)
            frames = [face.step(SILENT, SILENT)[Column.mouthSmileLeft] for _ in range(100)]
        return float(np.mean(frames[50:]))

    assert smile(0.8) > smile(0.0) + 0.05


def test_wrong_input_is_refused_before_anything_moves(animator):
    with animator.open_slots(2) as bank:
        both, sounds = np.ones(2, bool), np.zeros((2, FRAME_SAMPLES), np.float32)
        with pytest.raises(MotionError, match="slot 2"):
            bank.reset(2, 0)
        with pytest.raises(MotionError, match="mask"):
            bank.step(np.ones(3, bool), sounds, sounds)
        with pytest.raises(MotionError, match="boolean"):
            bank.step(np.ones(2), sounds, sounds)  # type: ignore[arg-type]
        with pytest.raises(MotionError, match="ahead"):
            bank.step(both, sounds, sounds, None, np.zeros((2, 1, FRAME_SAMPLES), np.float32))
        bad = sounds.copy()
        bad[1, 5] = np.nan
        with pytest.raises(MotionError, match="finite"):
            bank.step(both, bad, sounds)
        half = np.full((2, COLUMNS), np.nan, np.float32)
        half[0, :30] = 0.1
        with pytest.raises(MotionError, match=r"user motion: .* is nan"):
            bank.step(both, sounds, sounds, half)
        endless = np.zeros((2, bank.look_ahead, FRAME_SAMPLES), np.float32)
        endless[0, 1, 3] = np.inf
        with pytest.raises(MotionError, match="ahead of time"):
            bank.step(both, sounds, sounds, None, endless)
    with pytest.raises(MotionError, match="at least 1"), load_animator("streaming").open_slots(0):
        pass


def test_weights_that_hear_the_user_ahead_of_time_are_refused_live(tmp_path):
    save(StreamingDualTalk(StreamingConfig(user_look_ahead=2)), tmp_path / "ahead.safetensors")
    with pytest.raises(CheckpointError, match="2 frames ahead"):
        load_animator("streaming", checkpoint=tmp_path / "ahead.safetensors")


def test_the_configured_fallback_takes_the_place_of_weights_that_arent_there_and_says_so(tmp_path, caplog):
    gone = {"checkpoint": tmp_path / "none.safetensors"}
    assert load_animator("streaming", fallback="procedural", **gone).name == "procedural"
    assert "the procedural animator takes streaming's place" in caplog.text
    with pytest.raises(CheckpointError, match="there are no weights"):
        load_animator("streaming", **gone)


def test_damaged_weights_are_an_error_whatever_the_fallback(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match="corrupt"):
        load_animator("streaming", checkpoint=tmp_path / "w.safetensors", fallback="procedural")
