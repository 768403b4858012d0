"""The DualTalk data set's reader: what it reads, what it refuses, and which windows it cuts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from avatar.training.dualtalk_data import (
    ConversationReader,
    DatasetError,
    find_pairs,
    measure,
    read_conversation,
)
from avatar.training.dualtalk_windows import WindowBatches, Windows
from avatar.training.validation_split import carve, own_validation_split
from tests.avatar.training.dualtalk_dataset import write_dataset, write_recording


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_recording(tmp_path / "train", "a_sub_video_1_000", 3.0)
    return tmp_path


def sound(folder: Path, speaker: int = 1) -> Path:
    return folder / "train" / f"a_sub_video_1_000_speaker{speaker}.wav"


def motion(folder: Path, speaker: int = 1) -> Path:
    return folder / "train" / f"a_sub_video_1_000_speaker{speaker}.npz"


def rewrite(path: Path, change: Callable[[dict[str, np.ndarray]], None]) -> None:
    with np.load(path) as archive:
        arrays = {key: archive[key] for key in archive.files}
    change(arrays)
    np.savez(path, **arrays)


def test_a_recording_is_read_with_the_neck_last_as_the_model_wants_it(folder: Path) -> None:
    (pair,) = find_pairs(folder, "train")
    clip = read_conversation(pair)
    assert (clip.frames, clip.agent_pcm.shape) == (75, (48_000,))
    with np.load(motion(folder, 1)) as stored:
        np.testing.assert_array_equal(clip.agent_motion[:, :50], stored["exp"])
        np.testing.assert_array_equal(clip.agent_motion[:, 50:53], stored["pose"][:, 3:])  # jaw
        np.testing.assert_array_equal(clip.agent_motion[:, 53:], stored["pose"][:, :3])  # neck
    with np.load(motion(folder, 2)) as stored:
        assert clip.user_motion is not None
        np.testing.assert_array_equal(clip.user_motion[:, :50], stored["exp"])
    np.testing.assert_array_equal(clip.user_pcm, soundfile.read(sound(folder, 2), dtype="float32")[0])


def test_the_other_side_of_a_recording_is_its_mirror_image(folder: Path) -> None:
    one, two = (read_conversation(pair) for pair in find_pairs(folder, "train", both_sides=True))
    np.testing.assert_array_equal(one.agent_pcm, two.user_pcm)
    np.testing.assert_array_equal(one.agent_motion, two.user_motion)
    assert one.name != two.name


def test_nothing_is_read_before_it_is_asked_for(folder: Path) -> None:
    rewrite(motion(folder), lambda arrays: arrays["exp"].__setitem__((3, 4), np.nan))
    reader = ConversationReader(folder, "train")  # only named and counted
    assert len(reader) == 1 and measure(reader.pairs[0]) == 75
    with pytest.raises(DatasetError, match=r"speaker1\.npz: FLAME expression is nan in frame 3"):
        reader[0]


def test_a_frame_more_or_less_at_the_end_is_cut_off(folder: Path) -> None:
    soundfile.write(sound(folder), np.zeros(48_000 - 800, np.float32), 16_000)  # 73.75 frames
    (pair,) = find_pairs(folder, "train")
    clip = read_conversation(pair)
    assert clip.frames == 74 and clip.agent_pcm.shape == (74 * 640,)


def spoil_rate(folder: Path) -> None:
    soundfile.write(sound(folder), np.zeros(24_000, np.float32), 8_000)


def spoil_channels(folder: Path) -> None:
    soundfile.write(sound(folder), np.zeros((48_000, 2), np.float32), 16_000)


def spoil_length(folder: Path) -> None:
    soundfile.write(sound(folder, 2), np.zeros(32_000, np.float32), 16_000)


def spoil_sound(folder: Path) -> None:
    sound(folder).write_bytes(b"no sound at all")


def spoil_archive(folder: Path) -> None:
    motion(folder, 2).write_bytes(b"no archive")


def spoil_keys(folder: Path) -> None:
    np.savez(motion(folder), exp=np.zeros((75, 50), np.float32), neck=np.zeros((75, 3), np.float32))


def spoil_shape(folder: Path) -> None:
    rewrite(motion(folder), lambda arrays: arrays.__setitem__("pose", arrays["pose"][:, :3]))


def spoil_samples(folder: Path) -> None:
    pcm = np.zeros(48_000, np.float32)
    pcm[700] = np.inf
    soundfile.write(sound(folder), pcm, 16_000, subtype="FLOAT")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_rate, r"speaker1\.wav: 8000 Hz; resample it to 16000 Hz"),
        (spoil_channels, r"speaker1\.wav: 2 channels; one speaker's, mono"),
        (spoil_length, r"has 75 frames of 40 ms and .*speaker2\.wav 50; they must be one recording"),
        (spoil_sound, r"speaker1\.wav: can't be read"),
        (spoil_archive, r"speaker2\.npz: can't be read as npz"),
        (
            spoil_keys,
            r"speaker1\.npz: no pose in it, only exp, neck; exp \(T, 50\) and pose",
        ),
        (spoil_shape, r"speaker1\.npz: pose has shape \(75, 3\); \(75, 6\) is due"),
        (spoil_samples, r"speaker1\.wav: sample 700 is inf"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_by_name(
    folder: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(folder)
    (pair,) = find_pairs(folder, "train")
    with pytest.raises(DatasetError, match=said):
        read_conversation(pair)


def test_a_missing_partner_is_an_error_unless_its_motion_isnt_wanted(folder: Path) -> None:
    motion(folder, 2).unlink()
    with pytest.raises(DatasetError, match=r"missing a_sub_video_1_000_speaker2\.npz; each recording needs"):
        find_pairs(folder, "train")
    (pair,) = find_pairs(folder, "train", partner_motion=False)
    assert read_conversation(pair).user_motion is None
    sound(folder, 2).unlink()
    with pytest.raises(DatasetError, match=r"missing a_sub_video_1_000_speaker2\.wav"):
        find_pairs(folder, "train", partner_motion=False)


def test_a_missing_split_is_told_with_those_that_are_there(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no such folder; .* holds train"):
        find_pairs(folder, "ood")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="DualTalk layout is due"):
        find_pairs(tmp_path, "empty")


def test_windows_hold_the_sound_and_faces_of_their_own_time(folder: Path) -> None:
    windows = Windows(find_pairs(folder, "train"), 1.0)
    clip = read_conversation(find_pairs(folder, "train")[0])
    assert len(windows) == 3
    for number in range(3):
        window, frames = windows[number], slice(25 * number, 25 * number + 25)
        samples = slice(16_000 * number, 16_000 * number + 16_000)
        np.testing.assert_array_equal(window.agent_audio[0], clip.agent_pcm[samples])
        np.testing.assert_array_equal(window.user_audio[0], clip.user_pcm[samples])
        np.testing.assert_array_equal(window.agent_motion[0], clip.agent_motion[frames])
        np.testing.assert_array_equal(window.user_motion[0], clip.user_motion[frames])
    assert len(Windows(find_pairs(folder, "train"), 1.0, 0.5)) == 5


def test_aliased_windows_are_all_the_last_whole_one(folder: Path) -> None:
    right, aliased = (Windows(find_pairs(folder, "train"), 0.8, aliased=on) for on in (False, True))
    assert len(right) == len(aliased) == 3
    for number in range(3):
        torch.testing.assert_close(aliased[number].agent_audio, right[2].agent_audio)
        torch.testing.assert_close(aliased[number].agent_motion, right[2].agent_motion)
    assert not torch.equal(right[0].agent_motion, right[2].agent_motion)


def test_short_recordings_are_an_error_or_left_out_by_choice(tmp_path: Path) -> None:
    write_recording(tmp_path / "train", "long", 3.0)
    write_recording(tmp_path / "train", "short", 1.0)
    pairs = find_pairs(tmp_path, "train")
    with pytest.raises(DatasetError, match=r"short_speaker1\.npz: 1 s are shorter than a window of 2 s"):
        Windows(pairs, 2.0)
    windows = Windows(pairs, 2.0, skip_short=True)
    assert (windows.skipped, len(windows)) == (["short"], 1)
    with pytest.raises(DatasetError, match="no recording is as long as a window of 9 s"):
        Windows(pairs, 9.0, skip_short=True)


def test_batches_are_shuffled_by_seed_and_epoch_and_hold_everything_once(tmp_path: Path) -> None:
    write_dataset(tmp_path, train=3)
    windows = Windows(find_pairs(tmp_path, "train"), 1.0)

    def order(shuffle: bool, seed: int, epoch: int) -> list[float]:
        batches = WindowBatches(windows, 2, shuffle=shuffle, seed=seed)
        batches.set_epoch(epoch)
        found = list(batches)
        assert [len(batch) for batch in found] == [2, 2, 2, 2, 1] and len(batches) == 5
        return [float(x) for batch in found for x in batch.agent_motion[:, 0, 0]]

    plain = order(False, 0, 0)
    assert plain == order(False, 1, 5)
    assert order(True, 0, 1) == order(True, 0, 1)
    orders = [order(True, 0, 1), order(True, 0, 2), order(True, 1, 1), plain]
    assert all(sorted(one) == sorted(plain) for one in orders)
    assert len({tuple(one) for one in orders}) == 4


def test_a_validation_split_keeps_conversations_whole(tmp_path: Path) -> None:
    for film in range(5):
        for cut in range(2):
            write_recording(tmp_path / "train", f"film_{film}_sub_video_1_00{cut}", 0.5, seed=film)
    pairs = find_pairs(tmp_path, "train", both_sides=True)
    train, kept = carve(pairs, 0.4, seed=1)
    assert set(train) | set(kept) == set(pairs) and len(kept) == 2 * 2 * 2
    assert not {pair.conversation for pair in train} & {pair.conversation for pair in kept}
    assert carve(pairs, 0.4, seed=1) == (train, kept)
    assert any(carve(pairs, 0.4, seed=other)[1] != kept for other in range(2, 6))
    assert len(carve(pairs, 0.001, seed=1)[1]) == 4  # at least one conversation
    with pytest.raises(DatasetError, match="only one conversation"):
        carve(train[:2], 0.5, seed=1)


def test_a_validation_folder_of_its_own_is_found(tmp_path: Path) -> None:
    assert own_validation_split(tmp_path) is None
    (tmp_path / "val").mkdir()
    assert own_validation_split(tmp_path) == "val"


def test_a_real_recording_is_read_and_its_missing_partner_named(shared_data: Path) -> None:
    folder = shared_data / "dualtalk_clip"
    with pytest.raises(DatasetError, match=r"missing xkHwlcDSOjc_sub_video_109_000_speaker2\.npz"):
        find_pairs(folder, ".")
    (pair,) = find_pairs(folder, ".", partner_motion=False)
    assert pair.conversation == "xkHwlcDSOjc"
    clip = read_conversation(pair)
    assert clip.frames == 749  # 749 frames of sound, 750 of motion
    jaw = clip.agent_motion[:, 50]
    assert -0.06 < jaw.min() < 0 < 0.1 < jaw.max() < 0.45
    assert len(Windows([pair], 8.0)) == 3
