"""DualTalk learns from a data set in its layout, and each of the reference's defects can be had."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn
from transformers import Wav2Vec2Config, Wav2Vec2Model

from avatar.dualtalk import load_checkpoint
from avatar.training.config import OptimisationConfig, TrainingConfig
from avatar.training.defects import ReferenceDefects
from avatar.training.dualtalk_loss import DualTalkLoss, LossWeights
from avatar.training.dualtalk_windows import WindowBatch, WindowBatches
from avatar.training.fit import BEST, fit
from avatar.training.models import MODELS, prepare
from avatar.training.optimisation import Optimisation
from avatar.training.task import TrainingError, TrainingTask
from tests.avatar.training.dualtalk_dataset import TINY_ENCODER, write_dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "data")


def config(folder: Path, **changed: Any) -> TrainingConfig:
    options: dict[str, Any] = {
        "model": "dualtalk",
        "data": folder,
        "device": "cpu",
        "windows": {"window": 1.0},
        "optimisation": {"batch": 4, "epochs": 2, "learning_rate": 1e-3},
        "settings": {"feature_dim": 8, "audio_encoder": TINY_ENCODER},
    }
    return TrainingConfig.model_validate(options | changed)


def train_windows(task: TrainingTask) -> WindowBatches:
    assert isinstance(task.train, WindowBatches)
    return task.train


class Losses:
    def __init__(self) -> None:
        self.train: list[float] = []

    def began(self, epoch: int, epochs: int, steps: int) -> None: ...

    def stepped(self, step: int, losses: Mapping[str, float], learning_rate: float) -> None:
        self.train.append(losses["loss"])

    def validated(self, epoch: int, losses: Mapping[str, float], best: bool) -> None:
        assert set(losses) == {"loss", "exp", "jaw", "pose", "velocity"}


class Constant(nn.Module):
    def __init__(self, motion: Tensor) -> None:
        super().__init__()
        self.motion = motion

    def forward(self, agent: Tensor, user: Tensor, partner: Tensor) -> Tensor:
        return self.motion


def test_the_loss_is_the_papers_by_hand() -> None:
    truth = torch.zeros(1, 3, 56)
    predicted = truth.clone()
    predicted[0, :, 0] = torch.tensor([0.0, 5.0, 0.0])  # expression: 25 / 150; changes 25 + 25
    predicted[0, :, 50] = 3.0  # jaw: 27 / 9, no change
    predicted[0, 2, 55] = 6.0  # neck: 36 / 9; change 36
    sound = torch.zeros(1, 1920)
    batch = WindowBatch(sound, sound, truth, truth)
    loss, parts = DualTalkLoss()(Constant(predicted), batch)
    due = {"exp": 25 / 150, "jaw": 3.0, "pose": 4.0, "velocity": (25 + 25 + 36) / 112}
    assert parts == pytest.approx(due)
    assert float(loss) == pytest.approx(sum(due.values()))
    weighted, _ = DualTalkLoss(LossWeights(exp=0, jaw=2, pose=0, velocity=0))(Constant(predicted), batch)
    assert float(weighted) == pytest.approx(6)


def test_a_small_dualtalk_overfits_a_few_windows_and_is_found_again(folder: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    options = config(folder, optimisation={"batch": 4, "epochs": 12, "learning_rate": 2e-3, "patience": None})
    task, losses = prepare(options), Losses()
    extractor = [w.clone() for w in task.model.joint_encoder.audio_encoder1.feature_extractor.parameters()]  # type: ignore[union-attr]
    fit(task, options.optimisation, tmp_path / "out", observers=[losses])
    assert sum(losses.train[-3:]) < 0.6 * sum(losses.train[:3])
    best = load_checkpoint(tmp_path / "out" / BEST)
    assert best.config.feature_dim == 8 and best.config.audio_encoder.hidden_size == 16
    for before, after in zip(
        extractor, best.joint_encoder.audio_encoder1.feature_extractor.parameters(), strict=True
    ):
        torch.testing.assert_close(after, before)  # frozen, as in the paper


@pytest.mark.slow
def test_a_small_dualtalk_learns_to_move_and_not_only_where_the_face_rests(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    folder = write_dataset(tmp_path / "data", train=2, test=0)
    made = config(
        folder, windows={"window": 3.0}, settings={"feature_dim": 32, "audio_encoder": TINY_ENCODER}
    )
    task = prepare(made)
    for module in task.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        elif isinstance(module, nn.MultiheadAttention):
            module.dropout = 0.0
    with torch.no_grad():  # from far off, the first steps would even all frames out, and long keep them so
        for weight in task.model.synthesis_module.blendshape_predictor.parameters():  # type: ignore[union-attr]
            weight *= 0.1
    (window,) = train_windows(task)
    mean = window.agent_motion.mean(dim=1, keepdim=True).expand_as(window.agent_motion)
    resting = float(DualTalkLoss()(Constant(mean), window)[0])
    optimisation = Optimisation(
        task.model.train(), OptimisationConfig(learning_rate=1e-4), torch.device("cpu"), ReferenceDefects()
    )
    losses = [optimisation.step([window], task.loss)["loss"] for _ in range(260)]
    assert losses[0] > resting and losses[-1] < 0.6 * resting


def test_the_extractor_is_trained_where_asked(folder: Path) -> None:
    def trained(**settings: object) -> bool:
        plain: dict[str, object] = {"feature_dim": 8, "audio_encoder": TINY_ENCODER}
        extractor = prepare(config(folder, settings=plain | settings)).model.joint_encoder.audio_encoder2  # type: ignore[union-attr]
        return all(weight.requires_grad for weight in extractor.feature_extractor.parameters())  # type: ignore[union-attr,operator]

    assert not trained()
    assert trained(freeze_extractor=False)


def test_without_a_validation_folder_conversations_are_kept_apart(folder: Path) -> None:
    task = prepare(config(folder))
    validation = task.validation
    assert isinstance(validation, WindowBatches)
    of_train = {pair.conversation for pair, _ in train_windows(task).windows.index}
    of_validation = {pair.conversation for pair, _ in validation.windows.index}
    assert (len(of_train), len(of_validation)) == (3, 1) and not of_train & of_validation
    assert all(pair.folder.name == "train" for pair, _ in validation.windows.index)
    (folder / "test").rename(folder / "val")
    own = prepare(config(folder)).validation
    assert isinstance(own, WindowBatches)
    assert {pair.folder.name for pair, _ in own.windows.index} == {"val"}


def starts(task: TrainingTask) -> list[int]:
    return [start for _, start in train_windows(task).windows.index]


def order(task: TrainingTask, epoch: int) -> list[float]:
    batches = train_windows(task)
    batches.set_epoch(epoch)
    return [float(x) for batch in batches for x in batch.agent_motion[:, 0, 0]]


def test_each_defect_of_the_data_does_what_it_says_and_nothing_else(folder: Path) -> None:
    def with_defect(**on: bool) -> TrainingTask:
        return prepare(config(folder, reference_defects=on))

    right = with_defect()
    assert starts(right) == [0, 25, 50] * 3
    assert order(right, 0) != order(right, 1)

    aliased = with_defect(aliased_windows=True)
    assert starts(aliased) == [50] * 9

    unshuffled = with_defect(unshuffled=True)
    assert order(unshuffled, 0) == order(unshuffled, 1) and starts(unshuffled) == starts(right)

    on_test = with_defect(validate_on_test=True)
    assert isinstance(on_test.validation, WindowBatches)
    assert {pair.folder.name for pair, _ in on_test.validation.windows.index} == {"test"}
    assert len(train_windows(on_test).windows) == 12  # nothing is kept apart then

    named = " ".join(prepare(config(folder, reference_defects=ReferenceDefects.all())).notes)
    assert all(name in named for name in ReferenceDefects.model_fields)


def test_weights_are_the_seeds_and_a_checkpoint_can_be_gone_on_from(folder: Path, tmp_path: Path) -> None:
    def state(**changed: Any) -> dict[str, Tensor]:
        return prepare(config(folder, **changed)).model.state_dict()

    one, same, other = state(), state(), state(seed=1)
    name = "synthesis_module.blendshape_predictor.weight"
    assert torch.equal(one[name], same[name]) and not torch.equal(one[name], other[name])
    options = config(folder, optimisation={"batch": 8, "epochs": 1})
    fit(prepare(options), options.optimisation, tmp_path / "out")
    begun = state(settings={"checkpoint": str(tmp_path / "out" / BEST)})
    torch.testing.assert_close(begun, dict(load_checkpoint(tmp_path / "out" / BEST).state_dict()))


def test_pretrained_encoders_are_taken_from_a_folder(folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(11)
    pretrained = Wav2Vec2Model(Wav2Vec2Config(**TINY_ENCODER))
    pretrained.save_pretrained(tmp_path / "w2v")
    task = prepare(config(folder, settings={"feature_dim": 8, "encoder_weights": str(tmp_path / "w2v")}))
    for number in (1, 2):
        prefix = f"joint_encoder.audio_encoder{number}."
        for name, value in pretrained.state_dict().items():
            torch.testing.assert_close(task.model.state_dict()[prefix + name], value)
    with pytest.raises(TrainingError, match=r"no config\.json"):
        prepare(config(folder, settings={"encoder_weights": str(tmp_path)}))


def test_wrong_settings_and_unknown_models_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="feature_dims"):
        prepare(config(folder, settings={"feature_dims": 8}))
    with pytest.raises(ValidationError, match="extra_forbidden"):
        config(folder, optimiser="adam")
    with pytest.raises(TrainingError, match=f"no model 'x' can be trained; known: {sorted(MODELS)[0]}"):
        prepare(config(folder, model="x"))
    with pytest.raises(TrainingError, match="no such file"):
        prepare(config(folder, settings={"checkpoint": str(tmp_path / "none.safetensors")}))
