"""Training the streaming model on conversations: what it is shown, that it learns, that it goes on where it
left off.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from avatar.streaming.checkpoint import about, load, save
from avatar.streaming.mel import band_centres
from avatar.streaming.state import OVER
from avatar.training.config import OptimisationConfig
from avatar.training.dyad_task import DrawnBatches, dyad_task
from avatar.training.dyads.bank import BankError, BankIndex, write_index, write_voice
from avatar.training.dyads.dyad import GESTURES, Dyad
from avatar.training.dyads.utterance import Phone
from avatar.training.fit import fit
from avatar.training.recipe import WeightsRecipe, begin, dyads, make_weights
from avatar.training.streaming_data import Batch, HeardDyad, SamplingConfig, draw, heard, under_way
from avatar.training.streaming_loss import Scale, loss_of
from avatar.training.task import TrainingError, TrainingTask
from tests.avatar.training.talk import bank as syllables

SIZES = StreamingConfig(
    feature_dim=16, encoder_dim=(12, 12), mel_bands=16, motion_window=5, context=12, gesture_frames=10
)
SAMPLING = SamplingConfig(frames=30, warm_up=4)


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


def stretches(dyads: list[HeardDyad], options: SamplingConfig = SAMPLING, seed: int = 0) -> Batch:
    return draw(dyads, 3, (4, 0), options, 0.0, np.random.default_rng(seed))


def task(material: list[HeardDyad], epochs: int, count: int) -> TrainingTask:
    return dyad_task(
        model(), material, material, SAMPLING, save,
        size=3, count=count, epochs=epochs, validation_batches=2, seed=0,
    )  # fmt: skip


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
    options = SAMPLING.model_copy(update={"tilt": 0.0, "noise": 0.0, "tract": 0.0})
    batch = stretches([marked], options)
    frame = batch.motion[..., 0] * 128
    torch.testing.assert_close(batch.inputs.agent[..., 0, 0] * 128, frame + 4)
    torch.testing.assert_close(batch.inputs.user[..., 0, 0] * 128, frame)
    torch.testing.assert_close(batch.inputs.own[:, 1:, 0] * 128, frame[:, 1:] - 1)


def test_a_stretch_longer_than_the_conversation_is_refused(material):
    with pytest.raises(ValueError, match="too short"):
        stretches(material, SAMPLING.model_copy(update={"frames": 149}))


def test_a_longer_vocal_tract_lowers_what_is_heard(material):
    """One band sounds; where it is heard afterwards is the same frequency times the ratio."""
    bands = band_centres(SIZES.mel_bands)
    one = replace(material[0], mel=np.zeros_like(material[0].mel))
    one.mel[..., 8] = 1.0
    options = SAMPLING.model_copy(update={"tilt": 0.0, "tract": 0.3})
    batch = stretches([one], options, seed=3)
    for sound in batch.inputs.agent:
        heard_at = (sound[0, 0].numpy() * bands).sum() / sound[0, 0].numpy().sum()
        assert 0.65 * bands[8] < heard_at < 1.35 * bands[8]
    places = {float((sound[0, 0].numpy() * bands).sum().round(1)) for sound in batch.inputs.agent}
    assert len(places) == len(batch)  # each stretch has a mouth of its own


def test_the_models_own_frames_come_in_by_the_middle_of_the_training(material):
    batches = DrawnBatches(material, SIZES, SAMPLING, size=3, count=4, epochs=4, seed=0)
    shares = []
    for epoch in range(4):
        batches.set_epoch(epoch)
        shares += [float(batch.feedback.float().mean()) for batch in batches]
    assert shares[0] < 0.3 and shares[3] < 0.6
    assert np.mean(shares[8:]) == pytest.approx(SAMPLING.feedback, abs=0.1)


def test_an_epoch_is_the_same_whenever_it_is_drawn_and_unlike_the_next(material):
    batches = DrawnBatches(material, SIZES, SAMPLING, size=3, count=2, epochs=4, seed=0)
    drawn = []
    for epoch in (1, 1, 2):
        batches.set_epoch(epoch)
        drawn.append(torch.stack([batch.motion for batch in batches]))
    torch.testing.assert_close(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_columns_that_never_move_dont_count(material):
    scale = Scale.of(material)
    assert scale.place[Column.jawOpen] > 0
    assert scale.place[Column.tongueOut] == 0


def test_frames_of_the_warm_up_dont_count(material):
    net, scale = model().eval(), Scale.of(material)
    batch = stretches(material, seed=2)
    spoilt = batch.motion.clone()
    spoilt[~batch.counts] += 1.0
    assert (~batch.counts).any()
    loss, _ = loss_of(net, batch, scale)
    other, _ = loss_of(net, replace(batch, motion=spoilt), scale)
    # the change into the first frame that counts has one foot in the warm-up
    assert abs(loss.item() - other.item()) < 0.2 * loss.item()


def test_it_learns_a_jaw_that_follows_loudness(material, tmp_path):
    options = OptimisationConfig(
        epochs=6,
        optimiser="adamw",
        learning_rate=5e-3,
        warm_up=5,
        schedule="cosine",
        patience=None,
        averaging=0.9,
    )
    record = Places()
    fit(task(material, 6, 20), options, tmp_path, observers=[record])
    assert record.places[-1] < 0.6 * record.places[0]


class Places:
    """Follows a training and can break it off."""

    def __init__(self, last: int | None = None) -> None:
        self.places: list[float] = []
        self._last = last

    def began(self, epoch: int, epochs: int, steps: int) -> None: ...

    def stepped(self, step: int, losses: Mapping[str, float], learning_rate: float) -> None:
        if self._last == step:
            raise KeyboardInterrupt

    def validated(self, epoch: int, losses: Mapping[str, float], best: bool) -> None:
        self.places.append(losses["place"])


@pytest.mark.slow
def test_a_recipe_gives_the_same_weights_twice_even_where_its_training_was_broken_off(tmp_path: Path):
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
        sampling=SamplingConfig(frames=60),
        batches=2,
        validation_batches=1,
        optimisation=OptimisationConfig(epochs=2, batch=2, optimiser="adamw", averaging=0.9, warm_up=2),
    )
    made = []
    for run in ("first", "second"):
        folder = tmp_path / run
        train = list(dyads(bank, recipe, "train", folder / "dyads", 2))
        validation = list(dyads(bank, recipe, "validation", folder / "dyads", 1))
        begin(folder, recipe, bank)
        if run == "second":
            with pytest.raises(KeyboardInterrupt):
                make_weights(train, validation, recipe, folder, [Places(last=3)], licence="none")
        path = make_weights(train, validation, recipe, folder, licence="none")
        made.append(path.read_bytes())
        assert len(train) == 2
    assert made[0] == made[1]
    assert load(path).config == SIZES
    assert '"dyads":2' in about(path)["recipe"]
    with pytest.raises(BankError):
        begin(tmp_path / "third", recipe, tmp_path / "no bank")
    assert not (tmp_path / "third").exists()
    with pytest.raises(TrainingError, match="another recipe"):
        begin(tmp_path / "first", recipe.model_copy(update={"dyads": 3}), bank)


def rounded(phones: tuple[Phone, ...]) -> tuple[Phone, ...]:
    """Times that meet exactly, as the bank asks for."""
    return tuple(Phone(p.name, round(p.start, 4), round(p.end, 4)) for p in phones)
