"""Chance, ears ahead, layers and checkpoints, each on its own."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from avatar.animator import FRAME_SAMPLES
from avatar.config import AnimatorConfig
from avatar.motion import COLUMNS, HEAD, Column, validate
from avatar.streaming.ahead import HeardAhead
from avatar.streaming.chance import Chance
from avatar.streaming.checkpoint import CheckpointError, about, load, save
from avatar.streaming.finish import AFTER, Finish
from avatar.streaming.state import OVER

SILENT = np.zeros(FRAME_SAMPLES, np.float32)
UNKNOWN = np.full(FRAME_SAMPLES, np.nan, np.float32)


def frame(value: float) -> np.ndarray:
    return np.full(FRAME_SAMPLES, value, np.float32)


def tone(level: float = 0.1) -> np.ndarray:
    return (level * np.sin(np.arange(FRAME_SAMPLES) * 0.1)).astype(np.float32)


class TestHeardAhead:
    def test_a_queue_that_moves_on_brings_one_new_frame_a_tick(self):
        ears = HeardAhead()
        queue = [frame(n) for n in range(20)]
        heard = [f[0] for n in range(10) for f in ears.new_frames(queue[n], np.stack(queue[n + 1 : n + 5]))]
        assert heard == list(range(14))

    def test_an_utterance_that_begins_is_heard_as_far_as_it_is_known_at_once(self):
        ears = HeardAhead()
        for _ in range(3):
            ears.new_frames(SILENT, np.zeros((4, FRAME_SAMPLES), np.float32))
        queue = np.stack([frame(n) for n in range(1, 6)])
        assert [f[0] for f in ears.new_frames(queue[0], queue[1:])] == [1, 2, 3, 4, 5]

    def test_an_utterance_that_is_cut_off_is_followed_by_silence(self):
        ears = HeardAhead()
        queue = np.stack([frame(n) for n in range(1, 6)])
        ears.new_frames(queue[0], queue[1:])
        heard = ears.new_frames(SILENT, np.zeros((4, FRAME_SAMPLES), np.float32))
        assert len(heard) == 5
        assert not np.any(heard)

    def test_what_isnt_known_yet_is_waited_for(self):
        ears = HeardAhead()
        ahead = np.stack([frame(2), UNKNOWN, UNKNOWN, UNKNOWN])
        assert [f[0] for f in ears.new_frames(frame(1), ahead)] == [1, 2]
        assert ears.new_frames(frame(2), np.stack([UNKNOWN] * 4)) == []
        assert [f[0] for f in ears.new_frames(frame(3), np.stack([UNKNOWN] * 4))] == [3]

    @given(known=st.lists(st.integers(0, 4), min_size=30, max_size=30))
    def test_however_unevenly_sound_comes_each_frame_is_heard_once_and_in_order(self, known):
        ears, heard = HeardAhead(), []
        for n, count in enumerate(known):
            ahead = np.stack([frame(n + k + 1) if k < count else UNKNOWN for k in range(4)])
            heard += [f[0] for f in ears.new_frames(frame(n), ahead)]
        assert heard == list(range(len(heard)))
        assert len(heard) >= len(known)


class TestChance:
    def since(self, value: int = OVER) -> torch.Tensor:
        return torch.full((1, 2), value)

    def test_gestures_come_as_often_as_they_are_likely(self):
        chance = Chance(1, (12, 12))
        onset, side = torch.tensor([[0.2, 0.0]]), torch.tensor([[1.0, 1.0]])
        began = torch.cat([chance(onset, side, self.since()) for _ in range(2000)])
        assert (began[:, 0] > 0).float().mean() == pytest.approx(0.2, abs=0.03)
        assert (began[:, 1] == 0).all()
        assert began.abs().max() <= 1.6

    def test_the_side_is_as_likely_as_it_says(self):
        chance = Chance(1, (12, 12))
        began = torch.cat(
            [chance(torch.ones(1, 2), torch.tensor([[0.25, 1.0]]), self.since()) for _ in range(1000)]
        )
        assert (began[:, 0] > 0).float().mean() == pytest.approx(0.25, abs=0.05)
        assert (began[:, 1] > 0).all()

    def test_the_same_seed_gives_the_same_gestures_and_another_seed_others(self):
        def draw(seed: int) -> torch.Tensor:
            chance = Chance(1, (12, 12))
            chance.reset(0, seed)
            half = torch.full((1, 2), 0.5)
            return torch.cat([chance(half, half, self.since()) for _ in range(50)])

        assert torch.equal(draw(4), draw(4))
        assert not torch.equal(draw(4), draw(5))

    def test_without_chance_a_gesture_begins_whenever_its_probabilities_add_up(self):
        chance = Chance(1, (12, 12), deterministic=True)
        onset = torch.tensor([[0.25, 0.0]])
        began = torch.cat([chance(onset, torch.ones(1, 2), self.since()) for _ in range(12)])
        assert began[:, 0].tolist() == [0, 0, 0, 1] * 3

    def test_a_gesture_rests_before_it_begins_again(self):
        chance = Chance(1, (12, 12))
        assert not chance(torch.ones(1, 2), torch.ones(1, 2), self.since(11)).any()
        assert chance(torch.ones(1, 2), torch.ones(1, 2), self.since(12)).all()

    def test_a_still_face_begins_none(self):
        chance = Chance(1, (12, 12))
        chance.rate[:] = 0
        assert not chance(torch.ones(1, 2), torch.ones(1, 2), self.since()).any()


class TestFinish:
    def open_mouth(self) -> np.ndarray:
        motion = np.zeros(COLUMNS, np.float32)
        motion[Column.jawOpen] = 0.5
        return motion

    def test_a_mouth_that_the_model_leaves_open_is_shut_in_silence(self):
        finish = Finish(AnimatorConfig(), 0)
        for _ in range(5):
            finish.step(self.open_mouth(), tone(), False, SILENT, 1.0)
        after = [finish.step(self.open_mouth(), SILENT, False, SILENT, 1.0) for _ in range(10)]
        assert after[0][Column.jawOpen] == pytest.approx(0.5)
        assert all(motion[Column.jawOpen] == 0 for motion in after[AFTER + 3 :])

    def test_a_mouth_opens_before_sound_that_is_known_to_come(self):
        finish = Finish(AnimatorConfig(), 0)
        shut = finish.step(self.open_mouth(), SILENT, False, SILENT, 1.0)
        opening = finish.step(self.open_mouth(), SILENT, True, SILENT, 1.0)
        assert shut[Column.jawOpen] == 0
        assert opening[Column.jawOpen] > 0

    def test_lips_that_are_nearly_shut_are_drawn_shut(self):
        finish = Finish(AnimatorConfig(), 0)
        motion = self.open_mouth()
        motion[Column.mouthClose] = 0.46
        for _ in range(4):
            shown = finish.step(motion, tone(), True, SILENT, 1.0)
        assert shown[Column.jawOpen] - shown[Column.mouthClose] == pytest.approx(0, abs=1e-6)

    def test_intensity_zero_leaves_the_mouth_and_takes_expression_and_nods_away(self):
        moving = self.open_mouth()
        moving[Column.browInnerUp] = moving[Column.mouthSmileLeft] = 0.8
        moving[HEAD] = 0.3
        finish, still = Finish(AnimatorConfig(), 0), Finish(AnimatorConfig(), 0)
        rest = self.open_mouth()
        for _ in range(20):
            a = finish.step(moving, tone(), True, SILENT, 0.0)
            b = still.step(rest, tone(), True, SILENT, 0.0)
        np.testing.assert_allclose(a, b, atol=1e-6)
        assert a[Column.jawOpen] == pytest.approx(0.5)

    @given(seed=st.integers(0, 1000))
    def test_whatever_the_model_says_the_face_is_within_its_limits(self, seed):
        finish = Finish(AnimatorConfig(), seed)
        wild = 3 * np.random.default_rng(seed).standard_normal(COLUMNS).astype(np.float32)
        for _ in range(3):
            validate(finish.step(wild, tone(), True, tone(), 2.0))

    def test_lids_and_eyes_live_whatever_the_model_says(self):
        finish = Finish(AnimatorConfig(), 0)
        motion = np.zeros(COLUMNS, np.float32)
        motion[Column.eyeBlinkLeft] = 1.0
        lids = [finish.step(motion, SILENT, False, SILENT, 1.0)[Column.eyeBlinkLeft] for _ in range(500)]
        assert min(lids) == 0
        assert max(lids) > 0.8


class TestCheckpoint:
    def test_weights_come_back_as_they_went_out_but_for_half_precision(self, model, tmp_path):
        save(model, tmp_path / "w.safetensors", data="none at all")
        again = load(tmp_path / "w.safetensors", motion="arkit-61")
        assert again.config == model.config
        for name, tensor in model.state_dict().items():
            torch.testing.assert_close(again.state_dict()[name], tensor, atol=2e-3, rtol=2e-3)
        assert about(tmp_path / "w.safetensors")["data"] == "none at all"

    def test_weights_that_arent_there_are_told_with_the_way_to_get_some(self, tmp_path):
        with pytest.raises(CheckpointError, match="make weights"):
            load(tmp_path / "none.safetensors")

    def test_a_pickled_file_is_refused_unread(self, tmp_path):
        path = tmp_path / "w.pt"
        path.write_bytes(pickle.dumps({"a": 1}))
        with pytest.raises(CheckpointError, match="pickled"):
            load(path)
        torch.save({"a": torch.zeros(2)}, path)
        with pytest.raises(CheckpointError, match="pickled"):
            load(path)

    def test_a_corrupt_file_is_refused(self, model, tmp_path):
        path = tmp_path / "w.safetensors"
        save(model, path)
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(CheckpointError, match="corrupt"):
            load(path)

    def test_weights_of_another_model_are_refused(self, tmp_path):
        save_file({"a": torch.zeros(2)}, tmp_path / "w.safetensors")
        with pytest.raises(CheckpointError, match="streaming model"):
            load(tmp_path / "w.safetensors")

    def test_weights_for_another_motion_space_are_refused(self, model, tmp_path):
        save(model, tmp_path / "w.safetensors")
        with pytest.raises(CheckpointError, match="flame-56"):
            load(tmp_path / "w.safetensors", motion="flame-56")

    @pytest.mark.parametrize("change", ["shape", "missing", "extra"])
    def test_weights_that_dont_fit_their_sizes_are_refused_by_name(self, model, tmp_path, change):
        path = tmp_path / "w.safetensors"
        save(model, path)
        metadata, tensors = about(path), load_file(path)
        name = "synthesis_module.predictor.bias"
        if change == "shape":
            tensors[name] = torch.zeros(7)
        elif change == "missing":
            del tensors[name]
        else:
            tensors[name + "2"] = torch.zeros(7)
        save_file(tensors, path, metadata)
        with pytest.raises(CheckpointError, match="predictor"):
            load(path)
