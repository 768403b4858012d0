"""The model frame by frame is the model as a whole, sees nothing of the future, and keeps its slots apart."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.animator import FRAME_SAMPLES
from avatar.motion import COLUMNS
from avatar.streaming import Inputs, StreamingConfig, StreamingDualTalk
from avatar.training.streaming_data import under_way

FRAMES = 24  # more than the context of the small model
GESTURES = 5


class Talk:
    """Random sound, motion, style and gestures of some conversations."""

    def __init__(self, seed: int, slots: int, frames: int = FRAMES) -> None:
        rng = np.random.default_rng(seed)
        self.slots, self.frames = slots, frames
        loud = rng.random((2, slots, frames, 1)) < 0.7
        sound = 0.1 * loud * rng.standard_normal((2, slots, frames, FRAME_SAMPLES))
        self.agent, self.user = torch.from_numpy(sound.astype(np.float32))
        self.motion = torch.from_numpy(rng.random((slots, frames, COLUMNS), np.float32))
        self.known = torch.from_numpy(rng.random((slots, frames)) < 0.5)
        self.style = torch.from_numpy(rng.random((slots, frames, 4), np.float32))
        began = rng.random((slots, frames, GESTURES)) < 0.1
        self.began = (began * rng.choice([-1.0, 0.5, 1.0], began.shape)).astype(np.float32)

    def step(self, stepper, frame: int, running=None):
        everyone = torch.ones(self.slots, dtype=torch.bool)
        running = everyone if running is None else running
        return stepper.step(
            running,
            everyone,
            self.agent[:, frame],
            self.user[:, frame],
            self.motion[:, frame],
            self.known[:, frame],
            self.style[:, frame],
            lambda *_: torch.from_numpy(self.began[:, frame]),
        )

    def streamed(self, model: StreamingDualTalk) -> torch.Tensor:
        with model.streaming(self.slots) as stepper:
            return torch.stack([self.step(stepper, frame) for frame in range(self.frames)], dim=1)

    def inputs(self, model: StreamingDualTalk, own: torch.Tensor) -> Inputs:
        since, strength = zip(*(under_way(one) for one in self.began), strict=True)
        with torch.inference_mode():
            return Inputs(
                model.hear(self.agent.flatten(1)),
                model.hear(self.user.flatten(1)),
                self.motion,
                self.known,
                self.style,
                own,
                torch.from_numpy(np.stack(since)),
                torch.from_numpy(np.stack(strength)),
            )


def before(motion: torch.Tensor) -> torch.Tensor:
    return torch.cat((torch.zeros_like(motion[:, :1]), motion[:, :-1]), dim=1)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**31), slots=st.integers(1, 3))
def test_frame_by_frame_gives_what_the_whole_gives(model, seed, slots):
    talk = Talk(seed, slots)
    streamed = talk.streamed(model)
    with torch.inference_mode():
        whole = model(talk.inputs(model, before(streamed))).motion
    torch.testing.assert_close(streamed, whole, atol=1e-4, rtol=0)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**31), cut=st.integers(1, FRAMES - 1))
def test_nothing_that_comes_later_changes_a_frame(model, seed, cut):
    talk, other = Talk(seed, 1), Talk(seed + 1, 1)
    expected = talk.streamed(model)[:, :cut]
    for name in ("agent", "user", "motion", "known", "style"):
        getattr(talk, name)[:, cut:] = getattr(other, name)[:, cut:]
    assert torch.equal(talk.streamed(model)[:, :cut], expected)


def test_the_users_sound_and_motion_both_matter(model):
    expected = Talk(3, 1).streamed(model)
    for name in ("user", "motion"):
        talk = Talk(3, 1)
        getattr(talk, name)[:, 5:] *= 0.5
        assert not torch.equal(talk.streamed(model)[:, 6:], expected[:, 6:]), name


def test_motion_that_isnt_known_makes_no_difference(model):
    talk = Talk(3, 1)
    talk.known[:] = False
    expected = talk.streamed(model)
    talk.motion[:] = torch.nan
    assert torch.equal(talk.streamed(model), expected)


@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_a_slot_that_waits_keeps_its_state_and_disturbs_no_other(model, data):
    talk = Talk(11, 2)
    alone, now = talk.streamed(model), Talk(11, 2, frames=1)
    at = [0, 0]
    with model.streaming(2) as stepper:
        for _ in range(30):
            running = torch.tensor(data.draw(st.tuples(st.booleans(), st.booleans())))
            frames = [min(place, FRAMES - 1) for place in at]
            running &= torch.tensor([place < FRAMES for place in at])
            for name in ("agent", "user", "motion", "known", "style"):
                rows = [getattr(talk, name)[slot, frame] for slot, frame in enumerate(frames)]
                getattr(now, name)[:, 0] = torch.stack(rows)
            now.began[:, 0] = [talk.began[slot, frame] for slot, frame in enumerate(frames)]
            motion = now.step(stepper, 0, running)
            for slot in range(2):
                if running[slot]:
                    torch.testing.assert_close(motion[slot], alone[slot][at[slot]], atol=1e-5, rtol=0)
                    at[slot] += 1


def test_a_slot_that_was_reset_is_as_good_as_new(model):
    talk = Talk(5, 2)
    expected = talk.streamed(model)
    with model.streaming(2) as stepper:
        for frame in range(15):
            talk.step(stepper, frame)
        stepper.reset(1)
        again = torch.stack([talk.step(stepper, frame) for frame in range(FRAMES)], dim=1)
    torch.testing.assert_close(again[1], expected[1], atol=1e-5, rtol=0)
    assert not torch.allclose(again[0], expected[0], atol=1e-3), "the other slot went on"


def test_ears_that_heard_ahead_hear_the_same(model):
    talk = Talk(8, 1)
    everyone = torch.ones(1, dtype=torch.bool)
    with model.streaming(1) as early, model.streaming(1) as late:
        for frame in range(3):
            early.hear_ahead(everyone, talk.agent[:, frame])
            talk.step(late, frame)
        torch.testing.assert_close(early.state.agent.heard, late.state.agent.heard, atol=1e-5, rtol=0)


def test_gestures_shape_the_motion_for_as_long_as_they_last(model):
    talk = Talk(9, 1)
    talk.began[:] = 0
    still = talk.streamed(model)
    talk.began[0, 10, 0] = 1.0
    moved = (talk.streamed(model) - still).abs().amax(dim=2)[0]
    assert (moved[:10] == 0).all()
    assert moved[10] > 0


def test_state_of_the_default_sizes_is_under_a_megabyte_a_slot():
    with StreamingDualTalk(StreamingConfig()).streaming(2) as stepper:
        assert stepper.state.nbytes() / 2 <= 2**20


def test_half_precision_moves_much_the_same(model):
    talk = Talk(4, 2)
    expected = talk.streamed(model)
    half = copy.deepcopy(model).in_precision(torch.bfloat16)
    motion = talk.streamed(half).float()
    assert (motion - expected).abs().max() < 0.1 * expected.abs().max()
    assert not torch.equal(motion, expected)


def test_heads_that_dont_share_the_width_are_refused():
    with pytest.raises(ValueError, match="multiple"):
        StreamingDualTalk(StreamingConfig(feature_dim=18))


def test_the_whole_of_a_longer_recording_begins_like_a_shorter_one(model):
    talk = Talk(2, 1)
    own = torch.zeros(1, FRAMES, COLUMNS)
    inputs = talk.inputs(model, own)
    with torch.inference_mode():
        whole = model(inputs).motion
        first = {name: getattr(inputs, name)[:, :15] for name in inputs.__dataclass_fields__}
        part = model(replace(inputs, **first)).motion
    torch.testing.assert_close(part, whole[:, :15], atol=1e-5, rtol=0)
