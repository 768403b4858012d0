"""The streaming model learns from a data set, hears as far ahead as it will live, and is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from avatar import AnimatorConfig, Column, MotionClip, write_motion
from avatar.animator import FRAME_SAMPLES
from avatar.evaluation import Conversation, EvaluationError, FrozenMean, evaluate
from avatar.evaluation.live import LiveModel, StreamedModel
from avatar.evaluation.models import load_model
from avatar.evaluation.systems import ContextModel
from avatar.streaming import StreamingConfig, StreamingDualTalk
from avatar.streaming.animator import StreamingAnimator
from avatar.streaming.checkpoint import CheckpointError, about, save
from avatar.training.config import TrainingConfig
from avatar.training.dualtalk_data import ConversationReader, DatasetError
from avatar.training.dualtalk_windows import WindowBatch, WindowBatches
from avatar.training.fit import BEST, LAST, fit
from avatar.training.models import prepare
from avatar.training.streaming_loss import Scale, motion_parts
from avatar.training.streaming_spread import spread_of
from avatar.training.streaming_windows import StreamingLoss, inputs_of
from avatar.training.task import TrainingError, TrainingTask
from tests.avatar.training.dualtalk_dataset import write_dataset

TINY: dict[str, Any] = {
    "feature_dim": 16,
    "encoder_dim": [12, 12],
    "mel_bands": 16,
    "motion_window": 5,
    "context": 12,
    "dropout": 0.0,
}
FLAME: dict[str, Any] = {"motion": "flame-56", "motion_dim": 56, "gestures": 0}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data"))


def config(folder: Path, settings: Mapping[str, Any] | None = None, **changed: Any) -> TrainingConfig:
    options: dict[str, Any] = {
        "model": "streaming",
        "data": folder,
        "device": "cpu",
        "windows": {"window": 1.0},
        "optimisation": {"batch": 4, "epochs": 2, "learning_rate": 5e-3},
        "settings": {"sizes": TINY} | dict(settings or {}),
    }
    return TrainingConfig.model_validate(options | changed)


def model_of(**sizes: Any) -> StreamingDualTalk:
    torch.manual_seed(4)
    model = StreamingDualTalk(StreamingConfig.model_validate(TINY | FLAME | sizes)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model


def windows(frames: int = 30, batch: int = 2) -> WindowBatch:
    rng = np.random.default_rng(3)
    loud = rng.random((2, batch, frames, 1)) < 0.7
    sound = (0.1 * loud * rng.standard_normal((2, batch, frames, FRAME_SAMPLES))).astype(np.float32)
    motion = rng.standard_normal((2, batch, frames, 56)).astype(np.float32)
    agent, user = torch.from_numpy(sound.reshape(2, batch, -1))
    return WindowBatch(agent, user, *torch.from_numpy(motion))


class Losses:
    def __init__(self) -> None:
        self.train: list[float] = []
        self.validation: list[float] = []

    def began(self, epoch: int, epochs: int, steps: int) -> None: ...

    def stepped(self, step: int, losses: Mapping[str, float], learning_rate: float) -> None:
        assert set(losses) == {"loss", "place", "change"}
        self.train.append(losses["loss"])

    def validated(self, epoch: int, losses: Mapping[str, float], best: bool) -> None:
        self.validation.append(losses["loss"])


def train_windows(task: TrainingTask) -> WindowBatches:
    assert isinstance(task.train, WindowBatches)
    return task.train


@pytest.mark.slow
def test_it_learns_a_conversation_by_heart_and_lives_it_alone(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "data", train=2, test=0)
    optimisation = {"batch": 2, "epochs": 130, "learning_rate": 3e-3, "patience": None, "schedule": "cosine"}
    sizes = TINY | {"feature_dim": 32, "heads": 2}
    options = config(
        folder,
        {"sizes": sizes},
        windows={"window": 3.0, "both_sides": True},
        optimisation=optimisation,
    )
    task, losses = prepare(options), Losses()
    fit(task, options.optimisation, tmp_path / "out", observers=[losses])
    assert losses.train[-1] < 0.4 * losses.train[0]
    assert about(tmp_path / "out" / BEST)["data"] == folder.name

    model = load_model("streaming", tmp_path / "out" / LAST)
    assert isinstance(model, StreamedModel) and model.model.config.gestures == 0
    learnt = train_windows(task).windows.index[0][0].name
    (talk,) = (talk for talk in ConversationReader(folder, "train") if talk.name == learnt)
    turns = ContextModel(model, 1, name="streaming")
    found = evaluate([talk], [LiveModel(model), turns, FrozenMean()])
    for part in ("exp", "jaw"):
        frozen = found.mean("frozen mean", "mse", part)
        for label in ("streaming, live", "streaming, 1 s"):
            error, ratio = found.mean(label, "mse", part), found.mean(label, "variance_ratio", part)
            assert error is not None and ratio is not None and frozen is not None
            assert error < 0.4 * frozen and 0.6 < ratio < 1.3, (label, part)


@pytest.mark.parametrize("ahead", [(0, 0), (3, 0), (3, 2), (0, 2)])
def test_a_window_is_heard_as_far_ahead_as_a_stream_whose_ears_run_ahead(ahead: tuple[int, int]) -> None:
    model = model_of(agent_look_ahead=ahead[0], user_look_ahead=ahead[1])
    given = windows()
    inputs, truth = inputs_of(model, given)
    due = 30 - max(ahead)
    torch.testing.assert_close(truth, given.agent_motion[:, :due])
    with torch.inference_mode():
        whole = model.alone(*model.encode(inputs), inputs)
        streamed = StreamedModel(model)(given.agent_audio, given.user_audio, given.user_motion)
    assert streamed.shape == (2, 30, 56)
    torch.testing.assert_close(streamed[:, :due], whole, atol=1e-4, rtol=0)
    if ahead[0]:
        early = replace(inputs, agent=inputs.agent[:, :due])  # as if nothing were known ahead
        with torch.inference_mode():
            assert not torch.allclose(model.alone(*model.encode(early), early), whole, atol=1e-3)


def test_frames_beyond_the_look_ahead_change_nothing_and_those_within_do() -> None:
    model = StreamedModel(model_of(agent_look_ahead=3))
    given = windows()
    with torch.inference_mode():
        before = model(given.agent_audio, given.user_audio, given.user_motion)
        changed = given.agent_audio.clone()
        changed[:, 20 * FRAME_SAMPLES :] *= -0.3
        after = model(changed, given.user_audio, given.user_motion)
    assert torch.equal(after[:, :17], before[:, :17])
    assert not torch.allclose(after[:, 17], before[:, 17], atol=1e-4)


def test_a_turn_is_given_the_sound_that_is_known_after_it() -> None:
    given = windows(50, 1)
    sounds = (given.agent_audio[0].numpy(), given.user_audio[0].numpy())
    talk = Conversation("talk", *sounds, given.agent_motion[0].numpy(), given.user_motion[0].numpy())
    model = StreamedModel(model_of(agent_look_ahead=3, user_look_ahead=1))
    live, turns = LiveModel(model).predict(talk), ContextModel(model, 9).predict(talk)
    assert live.dtype == np.float32
    np.testing.assert_allclose(turns[:46], live[:46], atol=1e-4)


def test_a_partner_who_isnt_seen_is_unknown_to_it() -> None:
    given = windows(25, 1)
    sounds = (given.agent_audio[0].numpy(), given.user_audio[0].numpy())
    truth = given.agent_motion[0].numpy()
    model = StreamedModel(model_of())
    unseen = Conversation("talk", *sounds, truth)
    seen = replace(unseen, user_motion=given.user_motion[0].numpy())
    alone, together = LiveModel(model).predict(unseen), LiveModel(model).predict(seen)
    assert np.isfinite(alone).all() and not np.allclose(alone, together, atol=1e-3)
    with pytest.raises(EvaluationError, match="partner's motion isn't known"):
        ContextModel(model, 1).predict(unseen)


def test_half_precision_evaluates_much_the_same() -> None:
    given = windows(25, 1)
    model = model_of()
    with torch.inference_mode():
        single = StreamedModel(model)(given.agent_audio, given.user_audio, given.user_motion)
        with torch.autocast("cpu", torch.bfloat16):
            half = StreamedModel(model)(given.agent_audio, given.user_audio, given.user_motion)
    assert half.dtype == torch.float32 and not torch.equal(half, single)
    assert (half - single).abs().max() < 0.1 * single.abs().max()


def test_while_trained_it_is_given_true_frames_or_its_own_and_its_own_when_validated(folder: Path) -> None:
    task = prepare(config(folder))
    spread = spread_of(train_windows(task).windows)
    model, batch = task.model, next(iter(train_windows(task)))

    def loss(training: bool, **how: float) -> float:
        model.train(training)
        torch.manual_seed(0)
        with torch.no_grad():
            return float(StreamingLoss(spread, **how)(model, batch)[0])

    own = loss(True, feedback=1.0, known_motion=1.0)
    assert own == pytest.approx(loss(False, feedback=0.0, known_motion=1.0))
    given = loss(True, feedback=0.0, known_motion=1.0, noise=0.0)
    assert given != pytest.approx(own, rel=1e-4)
    assert given != pytest.approx(loss(True, feedback=0.0, known_motion=1.0, noise=1.0), rel=1e-4)
    assert own != pytest.approx(loss(True, feedback=1.0, known_motion=0.0), rel=1e-4)

    inputs, truth = inputs_of(model, batch)
    with torch.no_grad():
        whole = model(inputs).motion  # the frames before are the true ones
    counts = torch.ones(truth.shape[:2], dtype=torch.bool)
    parts = motion_parts(whole, truth, counts, spread.scale(arkit=False))
    assert float(sum(parts.values())) == pytest.approx(given, rel=1e-5)


def test_errors_are_weighed_by_how_much_a_column_moves_and_a_still_one_is_to_rest(folder: Path) -> None:
    made = train_windows(prepare(config(folder))).windows
    faces = {pair: made.files.read(pair.motion(1)) for pair, _ in made.index}
    motion = np.concatenate(list(faces.values()))
    change = np.concatenate([np.diff(face, axis=0) for face in faces.values()])
    spread = spread_of(made)
    np.testing.assert_allclose(spread.mean, motion.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(spread.place, motion.std(axis=0), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(spread.change, change.std(axis=0), rtol=1e-3, atol=1e-5)
    scale = spread.scale(arkit=False)
    assert (scale.place > 0).all() and (scale.change > 0).all()
    assert scale.place[0] == pytest.approx(1 / spread.place[0] ** 2 / 56, rel=1e-3)
    still = Scale.from_spread(np.zeros(2), np.zeros(2), np.ones(2, np.bool_), arkit=False)
    assert (still.place > 0).all()


def test_it_begins_near_the_mean_face_and_its_weights_are_the_seeds(folder: Path) -> None:
    one, same, other = (prepare(config(folder, seed=seed)) for seed in (0, 0, 1))
    name = "joint_encoder.out.weight", "interaction_module.join.weight"
    first, again, others = (task.model.state_dict()[name[1]] for task in (one, same, other))
    assert torch.equal(first, again) and not torch.equal(first, others)
    bias = one.model.state_dict()["synthesis_module.predictor.bias"]
    np.testing.assert_allclose(bias, spread_of(train_windows(one).windows).mean)


def test_a_resumed_training_gives_what_an_uninterrupted_one_does(folder: Path, tmp_path: Path) -> None:
    options = config(folder)
    fit(prepare(options), options.optimisation, tmp_path / "whole")
    first = options.optimisation.model_copy(update={"epochs": 1})
    fit(prepare(options), first, tmp_path / "parts")
    fit(prepare(options), options.optimisation, tmp_path / "parts", resume=True)
    assert (tmp_path / "parts" / LAST).read_bytes() == (tmp_path / "whole" / LAST).read_bytes()


def test_it_is_trained_in_half_precision_too(folder: Path, tmp_path: Path) -> None:
    options = config(folder, optimisation={"batch": 9, "epochs": 3, "precision": "bfloat16"})
    losses = Losses()
    fit(prepare(options), options.optimisation, tmp_path / "out", observers=[losses])
    assert losses.train[-1] < losses.train[0]


def write_arkit(root: Path, recordings: int = 2) -> Path:
    """Faces whose jaw follows nothing in particular, in the layout of the data set."""
    source = write_dataset(root, train=recordings, test=0)
    for number, path in enumerate(sorted((source / "train").glob("*.npz"))):
        motion = np.zeros((75, 61), np.float32)
        motion[:, Column.jawOpen] = 0.3 + 0.3 * np.sin(np.arange(75) * (0.3 + 0.05 * number))
        write_motion(path, MotionClip.of(motion))
    return source


def test_arkit_recordings_train_a_model_that_runs_live(tmp_path: Path) -> None:
    source = write_arkit(tmp_path / "data")
    options = config(
        source, {"motion": "arkit-61"}, optimisation={"batch": 8, "epochs": 1, "learning_rate": 1e-3}
    )
    task = prepare(options)
    _, parts = task.loss(task.model, next(iter(task.train)))
    assert set(parts) == {"place", "change", "lips"}
    fit(task, options.optimisation, tmp_path / "out")
    best = tmp_path / "out" / BEST
    sound = windows(25, 1).agent_audio[0].numpy().reshape(25, -1)
    with StreamingAnimator(AnimatorConfig(name="streaming", checkpoint=best)).stream() as face:
        frames = [face.step(pcm, np.zeros_like(pcm)) for pcm in sound]
    assert np.shape(frames) == (25, 61)
    with pytest.raises(CheckpointError, match="makes arkit-61 motion, and flame-56 is needed"):
        load_model("streaming", best)


def test_arkit_files_that_cant_be_used_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"speaker1\.npz: no motion in it.*motion \(T, 61\) is due"):
        prepare(config(folder, {"motion": "arkit-61"}))
    source = write_arkit(tmp_path / "data")
    for path in (source / "train").glob("*_speaker1.npz"):
        write_motion(path, MotionClip.of(np.zeros((75, 61), np.float32), np.arange(75) * 2))
    with pytest.raises(DatasetError, match=r"speaker1\.npz: frames are missing"):
        for batch in train_windows(prepare(config(source, {"motion": "arkit-61"}))):
            assert len(batch)


def test_wrong_settings_are_refused(folder: Path) -> None:
    def wrong(**settings: Any) -> TrainingTask:
        return prepare(config(folder, settings))

    with pytest.raises(ValidationError, match=r"sizes\.feature_dims"):
        wrong(sizes={"feature_dims": 8})
    with pytest.raises(ValidationError, match="gestures can't be chosen: the data set decides"):
        wrong(sizes={"gestures": 3})
    with pytest.raises(ValidationError, match="sizes"):
        wrong(sizes=3)
    with pytest.raises(ValidationError, match="feedbacks"):
        wrong(feedbacks=0.5)
    with pytest.raises(ValidationError, match="motion"):
        wrong(motion="flame-50")
    with pytest.raises(TrainingError, match=r"settings\.sizes: a width of 18 can't be shared by 4 heads"):
        wrong(sizes={"feature_dim": 18})
    with pytest.raises(TrainingError, match="a window of 5 frames holds no motion beyond a look-ahead of 4"):
        prepare(config(folder, windows={"window": 0.2}))


def test_weights_of_the_package_are_refused_where_flame_is_due(tmp_path: Path) -> None:
    path = tmp_path / "arkit.safetensors"
    save(model_of(motion="arkit-61", motion_dim=61, gestures=2), path)
    with pytest.raises(CheckpointError, match="flame-56 is needed"):
        load_model("streaming", path)
