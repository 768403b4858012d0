"""Training the streaming model: what it is shown, that it learns, and that it goes on where it left off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.animator import FRAME_SAMPLES
from avatar.motion import COLUMNS, Column
from avatar.streaming import StreamingConfig, StreamingDualTalk
from avatar.streaming.checkpoint import about, load
from avatar.streaming.state import OVER
from avatar.training.dyads.bank import BankIndex, write_index, write_voice
from avatar.training.dyads.dyad import GESTURES, Dyad
from avatar.training.dyads.utterance import Phone
from avatar.training.recipe import WeightsRecipe, dyads, make_weights
from avatar.training.streaming_data import HeardDyad, SamplingConfig, draw, heard, under_way
from avatar.training.streaming_loss import Scale, loss_of
from avatar.training.streaming_training import StreamingTraining, StreamingTrainingConfig
from tests.avatar.training.talk import bank as syllables

SIZES = StreamingConfig(
    feature_dim=16, encoder_dim=(12, 12), mel_bands=16, motion_window=5, context=12, gesture_frames=10
)
SAMPLING = SamplingConfig(frames=30, warm_up=4, batch=3)


@pytest.fixture(scope="module")
def material() -> list[HeardDyad]:
    """Two parties whose jaws follow the loudness of their noise."""
    rng = np.random.default_rng(0)
    frames = 150
    torch.manual_seed(0)
    made = []
    for _ in range(3):
        level = np.repeat(rng.random((2, frames // 5)), 5, axis=1).astype(np.float32)
        noise = rng.standard_normal((2, frames, FRAME_SAMPLES)).astype(np.float32)
        motion = np.zeros((2, frames, COLUMNS), np.float32)
        motion[..., Column.jawOpen] = 0.5 * level
        onsets = (rng.random((2, frames, GESTURES)) < 0.03).astype(np.float32)
        made.append(
            Dyad(
                (0.2 * level[..., None] * noise).reshape(2, -1),
                motion,
                onsets,
                level > 0.5,
                np.zeros((2, frames), np.float32),
            )
        )
    return list(heard(StreamingDualTalk(SIZES), made))


def model() -> StreamingDualTalk:
    torch.manual_seed(1)
    return StreamingDualTalk(SIZES)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.0, -0.7]), min_size=1, max_size=40))
def test_a_gesture_is_under_way_from_its_onset_with_its_strength(onsets):
    since, strength = under_way(np.array(onsets, np.float32)[:, None])
    last = None
    for frame, onset in enumerate(onsets):
        last = frame if onset else last
        assert since[frame, 0] == (OVER if last is None else frame - last)
        assert strength[frame, 0] == pytest.approx(0.0 if last is None else onsets[last])


def test_the_agents_sound_is_shown_ahead_of_its_motion_and_the_users_is_not(material):
    marked = replace(
        material[0], mel=np.zeros_like(material[0].mel), motion=np.zeros_like(material[0].motion)
    )
    marked.mel[:] = np.arange(marked.frames, dtype=np.float16)[None, :, None, None] / 128
    marked.motion[..., 0] = np.arange(marked.frames, dtype=np.float16) / 128
    options = SAMPLING.model_copy(update={"tilt": 0.0, "noise": 0.0})
    batch = draw([marked], (4, 0), options, np.random.default_rng(0))
    frame = batch.motion[..., 0] * 128
    torch.testing.assert_close(batch.inputs.agent[..., 0, 0] * 128, frame + 4)
    torch.testing.assert_close(batch.inputs.user[..., 0, 0] * 128, frame)
    torch.testing.assert_close(batch.inputs.own[:, 1:, 0] * 128, frame[:, 1:] - 1)


def test_a_stretch_longer_than_the_conversation_is_refused(material):
    with pytest.raises(ValueError, match="too short"):
        draw(material, (4, 0), SAMPLING.model_copy(update={"frames": 149}), np.random.default_rng(0))


def test_columns_that_never_move_dont_count(material):
    scale = Scale.of(material)
    assert scale.place[Column.jawOpen] > 0
    assert scale.place[Column.tongueOut] == 0


def test_frames_of_the_warm_up_dont_count(material):
    net, scale = model().eval(), Scale.of(material)
    batch = draw(material, (4, 0), SAMPLING, np.random.default_rng(2))
    spoilt = batch.motion.clone()
    spoilt[~batch.counts] += 1.0
    assert (~batch.counts).any()
    loss, _ = loss_of(net, batch, scale)
    other, _ = loss_of(net, replace(batch, motion=spoilt), scale)
    # the change into the first frame that counts has one foot in the warm-up
    assert abs(loss.item() - other.item()) < 0.2 * loss.item()


def test_it_learns_a_jaw_that_follows_loudness(material, tmp_path):
    config = StreamingTrainingConfig(
        steps=60, warm_up=5, learning_rate=5e-3, report_every=20, validation_batches=2, sampling=SAMPLING
    )
    losses = []
    training = StreamingTraining(model(), material, material, config, tmp_path)
    training.run(lambda step, train, validation: losses.append(validation["place"]))
    assert losses[-1] < 0.6 * losses[0]


def test_a_training_that_was_interrupted_ends_like_one_that_wasnt(material, tmp_path):
    config = StreamingTrainingConfig(
        steps=8, warm_up=2, report_every=4, validation_batches=1, sampling=SAMPLING
    )
    whole = StreamingTraining(model(), material, material, config, tmp_path / "whole").run(quietly)

    class Interrupted(Exception):
        pass

    def interrupt(step: int, *_: object) -> None:
        if step == 8:
            raise Interrupted

    first = StreamingTraining(model(), material, material, config, tmp_path / "parts")
    with pytest.raises(Interrupted):
        first.run(interrupt)
    second = StreamingTraining(model(), material, material, config, tmp_path / "parts")
    assert second.step == 4
    for name, tensor in second.run(quietly).state_dict().items():
        torch.testing.assert_close(tensor, whole.state_dict()[name], atol=1e-6, rtol=1e-5)


def test_going_on_with_other_options_is_refused(material, tmp_path):
    config = StreamingTrainingConfig(
        steps=1, warm_up=0, report_every=1, validation_batches=1, sampling=SAMPLING
    )
    StreamingTraining(model(), material, material, config, tmp_path).run(quietly)
    with pytest.raises(ValueError, match="other options"):
        StreamingTraining(model(), material, material, config.model_copy(update={"steps": 2}), tmp_path)


@pytest.mark.slow
def test_a_recipe_gives_the_same_conversations_and_weights_twice(tmp_path: Path):
    bank = tmp_path / "bank"
    everyone = [
        replace(said, voice=f"{material}-{said.voice}", material=material, phones=rounded(said.phones))
        for material in ("train", "validation")
        for said in syllables(voices=2, each=8)
    ]
    voices = [
        write_voice(
            bank, [said for said in everyone if said.voice == voice], source="syllables", licence="CC0-1.0"
        )
        for voice in sorted({said.voice for said in everyone})
    ]
    write_index(bank, BankIndex(seed=0, voices=tuple(voices)))
    recipe = WeightsRecipe(
        dyads=2,
        validation_dyads=1,
        seconds=20,
        model=SIZES,
        training=StreamingTrainingConfig(
            steps=2, report_every=1, validation_batches=1, sampling=SamplingConfig(frames=60, batch=2)
        ),
    )
    made = []
    for run in ("first", "second"):
        folder = tmp_path / run
        train = list(dyads(bank, recipe, "train", folder / "dyads", 2))
        validation = list(dyads(bank, recipe, "validation", folder / "dyads", 1))
        path = make_weights(train, validation, recipe, folder, quietly, licence="none")
        made.append(path.read_bytes())
        assert len(train) == 2
    assert made[0] == made[1]
    assert load(path).config == SIZES
    assert '"dyads":2' in about(path)["recipe"]


def rounded(phones: tuple[Phone, ...]) -> tuple[Phone, ...]:
    """Times that meet exactly, as the bank asks for."""
    return tuple(Phone(p.name, round(p.start, 4), round(p.end, 4)) for p in phones)


def quietly(*_: object) -> None:
    """Takes a report and says nothing."""
