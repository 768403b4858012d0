"""The training loop: accumulation, resuming, early stopping, and what it keeps and refuses."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor, nn

from avatar.training.config import OptimisationConfig
from avatar.training.defects import ReferenceDefects
from avatar.training.early_stopping import EarlyStopping
from avatar.training.fit import BEST, LAST, Outcome, fit
from avatar.training.task import TrainingError, TrainingTask
from avatar.training.tensorboard import TensorBoard


@dataclass(frozen=True)
class Points:
    """A batch of points x (batch, 3) with y (batch, 1)."""

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.x)

    def to(self, device: torch.device | str) -> Points:
        return Points(self.x.to(device), self.y.to(device))


class PointBatches:
    """Batches of fixed points, in an order that the epoch's number decides."""

    def __init__(self, points: Points, batch: int, shuffle: bool = False) -> None:
        self.points, self.batch, self.shuffle, self.epoch = points, batch, shuffle, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-len(self.points) // self.batch)

    def __iter__(self) -> Iterator[Points]:
        order = torch.arange(len(self.points))
        if self.shuffle:
            order = torch.randperm(len(order), generator=torch.Generator().manual_seed(self.epoch))
        for part in order.split(self.batch):
            yield Points(self.points.x[part], self.points.y[part])


def points(count: int = 10, seed: int = 0) -> Points:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 3, generator=generator)
    return Points(x, x @ torch.tensor([[1.0], [-2.0], [0.5]]) + 0.1)


def squared_error(model: nn.Module, batch: Points) -> tuple[Tensor, dict[str, float]]:
    loss = (model(batch.x).float() - batch.y).square().mean()
    return loss, {"error": float(loss.detach())}


def save(model: nn.Module, path: Path) -> None:
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, path)


def task(
    train: PointBatches, validation: list[Points] | None = None, dropout: float = 0.0, seed: int = 3
) -> TrainingTask:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 1))
    kept = [points(6, seed=9)] if validation is None else validation
    return TrainingTask(model, squared_error, train, kept, save)


class Record:
    """Follows a training; ``interrupt_in`` ends it in the middle of that epoch, as Ctrl-C would."""

    def __init__(self, interrupt_in: int | None = None) -> None:
        self.losses: list[float] = []
        self.validations: list[tuple[float, bool]] = []
        self.rates: list[float] = []
        self.interrupt_in, self.epoch = interrupt_in, 0

    def began(self, epoch: int, epochs: int, steps: int) -> None:
        self.epoch = epoch

    def stepped(self, step: int, losses: Mapping[str, float], learning_rate: float) -> None:
        if self.epoch == self.interrupt_in:
            raise KeyboardInterrupt
        assert losses["loss"] == pytest.approx(losses["error"])
        self.losses.append(losses["loss"])
        self.rates.append(learning_rate)

    def validated(self, epoch: int, losses: Mapping[str, float], best: bool) -> None:
        self.validations.append((losses["loss"], best))


def weights(folder: Path, name: str = LAST) -> dict[str, Tensor]:
    return load_file(folder / name)


def test_the_loss_falls_until_the_points_are_learnt(tmp_path: Path) -> None:
    record = Record()
    options = OptimisationConfig(epochs=100, learning_rate=0.02, schedule="cosine", patience=None)
    outcome = fit(task(PointBatches(points(), 4, shuffle=True)), options, tmp_path, observers=[record])
    assert record.losses[-1] < 0.01 * record.losses[0]
    assert outcome.best == min(loss for loss, _ in record.validations)
    assert record.rates[0] == 0.02 and record.rates[-1] < 0.001


def test_the_rate_rises_over_the_first_steps(tmp_path: Path) -> None:
    record = Record()
    options = OptimisationConfig(epochs=2, learning_rate=0.02, schedule="constant", warm_up=4)
    fit(task(PointBatches(points(), 4)), options, tmp_path, observers=[record])
    assert record.rates == pytest.approx([0.005, 0.01, 0.015, 0.02, 0.02, 0.02])


def test_the_average_of_the_weights_is_what_is_kept(tmp_path: Path) -> None:
    plain = OptimisationConfig(epochs=1, learning_rate=0.01)
    start = {
        name: value.clone() for name, value in task(PointBatches(points(4), 4)).model.state_dict().items()
    }
    fit(task(PointBatches(points(4), 4)), plain, tmp_path / "plain")
    averaged = plain.model_copy(update={"averaging": 0.9})
    fit(task(PointBatches(points(4), 4)), averaged, tmp_path / "averaged")
    for name, value in weights(tmp_path / "averaged").items():
        # after one step an average remembers a step in eleven
        due = start[name].lerp(weights(tmp_path / "plain")[name], 10 / 11)
        torch.testing.assert_close(value, due)


@pytest.mark.parametrize("count", [8, 11])  # 11: the last group and the last batch are smaller
def test_accumulated_batches_step_like_one_large_batch(tmp_path: Path, count: int) -> None:
    large = OptimisationConfig(epochs=3, learning_rate=0.01)
    fit(task(PointBatches(points(count), 4)), large, tmp_path / "large")
    fit(task(PointBatches(points(count), 2)), large.model_copy(update={"accumulate": 2}), tmp_path / "small")
    for name, value in weights(tmp_path / "large").items():
        torch.testing.assert_close(weights(tmp_path / "small")[name], value, rtol=1e-5, atol=1e-6)


def test_clearing_gradients_before_each_backward_leaves_only_the_last_batch(tmp_path: Path) -> None:
    all_points = points(4)
    last = Points(all_points.x[2:], all_points.y[2:])
    options = OptimisationConfig(epochs=1, accumulate=2, learning_rate=0.01)
    defects = ReferenceDefects(zero_grad_before_backward=True)
    fit(task(PointBatches(all_points, 2)), options, tmp_path / "defect", defects=defects)
    fit(task(PointBatches(last, 2)), options, tmp_path / "last")
    fit(task(PointBatches(all_points, 2)), options, tmp_path / "right")
    for name, value in weights(tmp_path / "last").items():
        torch.testing.assert_close(weights(tmp_path / "defect")[name], value)
    changed = [
        not torch.allclose(weights(tmp_path / "right")[name], value, atol=1e-5)
        for name, value in weights(tmp_path / "defect").items()
    ]
    assert any(changed)


@pytest.mark.parametrize("schedule", ["step", "cosine"])
def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path: Path, schedule: str) -> None:
    options = OptimisationConfig(epochs=5, learning_rate=0.01, schedule=schedule, step_epochs=2)  # type: ignore[arg-type]

    def fresh() -> TrainingTask:
        return task(PointBatches(points(), 4, shuffle=True), dropout=0.5)

    whole, first, second = Record(), Record(interrupt_in=3), Record()
    fit(fresh(), options, tmp_path / "whole", seed=7, observers=[whole])
    with pytest.raises(KeyboardInterrupt):
        fit(fresh(), options, tmp_path / "parts", seed=7, observers=[first])
    torch.manual_seed(99)  # another process begins elsewhere
    outcome = fit(fresh(), options, tmp_path / "parts", seed=7, resume=True, observers=[second])
    assert first.losses + second.losses == whole.losses
    assert first.rates + second.rates == whole.rates
    assert first.validations + second.validations == whole.validations
    assert outcome.epochs == 5
    for name in (BEST, LAST):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert fit(fresh(), options, tmp_path / "parts", resume=True) == outcome  # nothing is left to do


def test_validating_draws_nothing_from_training(tmp_path: Path) -> None:
    options = OptimisationConfig(epochs=2, learning_rate=0.01)
    losses = []
    for name, validation in (("few", [points(2)]), ("many", [points(2), points(40, seed=5)])):
        record = Record()
        fit(
            task(PointBatches(points(), 4), validation, dropout=0.5),
            options,
            tmp_path / name,
            observers=[record],
        )
        losses.append(record.losses)
    assert losses[0] == losses[1]


def test_training_stops_when_validation_no_longer_gains_and_keeps_the_best(tmp_path: Path) -> None:
    train = points(12)
    contrary = Points(train.x, -train.y)  # the better the training, the worse this
    record = Record()
    options = OptimisationConfig(epochs=100, learning_rate=0.05, patience=3)
    outcome = fit(task(PointBatches(train, 4), [contrary]), options, tmp_path, observers=[record])
    flags = [best for _, best in record.validations]
    assert outcome.stopped_early and len(flags) < 20
    assert flags[-3:] == [False] * 3 and flags[-4]
    assert outcome == Outcome(len(flags), min(loss for loss, _ in record.validations), True)
    again = task(PointBatches(train, 4), [contrary])
    again.model.load_state_dict(weights(tmp_path, BEST))
    assert float(squared_error(again.model, contrary)[0].detach()) == pytest.approx(outcome.best)


def test_patience_counts_epochs_since_a_gain_that_is_large_enough() -> None:
    stopping = EarlyStopping(patience=2, least_gain=0.1)
    assert [stopping.improved(loss) for loss in (1.0, 0.95, 0.89, 0.85)] == [True, False, True, False]
    assert not stopping.due
    assert not stopping.improved(0.80) and stopping.due
    endless = EarlyStopping(patience=None)
    assert not any(endless.improved(loss) for loss in [float("inf")] * 50) and not endless.due


def test_half_precision_computes_in_it_and_keeps_whole_weights(tmp_path: Path) -> None:
    kinds = set()
    made = task(PointBatches(points(), 4))

    def loss(model: nn.Module, batch: Points) -> tuple[Tensor, dict[str, float]]:
        predicted = model(batch.x)
        kinds.add(predicted.dtype)
        return (predicted.float() - batch.y).square().mean(), {"error": 0.0}

    half = TrainingTask(made.model, loss, made.train, made.validation, save)
    fit(half, OptimisationConfig(epochs=1, precision="bfloat16"), tmp_path)
    assert kinds == {torch.bfloat16}
    assert {value.dtype for value in weights(tmp_path).values()} == {torch.float32}


def test_float16_without_a_gpu_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="float16 can't be trained on cpu; choose bfloat16"):
        fit(task(PointBatches(points(), 4)), OptimisationConfig(precision="float16"), tmp_path)


def test_long_gradients_are_shortened(tmp_path: Path) -> None:
    far = points(4)
    far = Points(far.x, far.y + 1e4)
    sizes = {}
    for name, limit in (("limited", 1e-6), ("free", None)):
        made = task(PointBatches(far, 4))
        before = {key: value.clone() for key, value in made.model.state_dict().items()}
        options = OptimisationConfig(epochs=1, gradient_norm=limit, learning_rate=1e-3)
        fit(made, options, tmp_path / name)
        gradient = [weight.grad for weight in made.model.parameters()]
        sizes[name] = float(torch.cat([part.flatten() for part in gradient if part is not None]).norm())
        assert any(not torch.equal(before[key], value) for key, value in made.model.state_dict().items())
    assert sizes["limited"] == pytest.approx(1e-6, rel=1e-3) and sizes["free"] > 1


def test_a_loss_that_is_no_number_ends_the_training_with_advice(tmp_path: Path) -> None:
    broken = points(4)
    broken.x[0, 0] = float("nan")
    with pytest.raises(TrainingError, match="the loss became nan; lower learning_rate"):
        fit(task(PointBatches(broken, 4)), OptimisationConfig(epochs=1), tmp_path)
    assert not (tmp_path / LAST).exists()


def test_a_training_is_not_overwritten_and_none_is_not_resumed(tmp_path: Path) -> None:
    options = OptimisationConfig(epochs=1)
    with pytest.raises(TrainingError, match="there is no training to resume"):
        fit(task(PointBatches(points(), 4)), options, tmp_path, resume=True)
    fit(task(PointBatches(points(), 4)), options, tmp_path)
    with pytest.raises(TrainingError, match="holds a training already; resume it"):
        fit(task(PointBatches(points(), 4)), options, tmp_path)
    other = TrainingTask(nn.Linear(3, 1), squared_error, PointBatches(points(), 4), [points()], save)
    with pytest.raises(TrainingError, match="of another model"):
        fit(other, options, tmp_path, resume=True)


class Trap:
    """What a pickle could do."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("the state was unpickled",))


def test_the_state_is_read_without_unpickling(tmp_path: Path) -> None:
    with (tmp_path / "state.pt").open("wb") as file:
        pickle.dump({"version": 1, "model": Trap()}, file, protocol=2)
    with pytest.raises(TrainingError, match=r"state\.pt: can't be read"):
        fit(task(PointBatches(points(), 4)), OptimisationConfig(epochs=2), tmp_path, resume=True)
    torch.save({"version": 99}, tmp_path / "state.pt")
    with pytest.raises(TrainingError, match="version 99; 2 is due"):
        fit(task(PointBatches(points(), 4)), OptimisationConfig(epochs=2), tmp_path, resume=True)


def test_nothing_to_train_and_nothing_to_train_on_are_errors(tmp_path: Path) -> None:
    frozen = task(PointBatches(points(), 4))
    frozen.model.requires_grad_(False)
    with pytest.raises(TrainingError, match="every weight of the model is frozen"):
        fit(frozen, OptimisationConfig(), tmp_path / "a")
    with pytest.raises(TrainingError, match="no training batches"):
        fit(task(PointBatches(points(0), 4)), OptimisationConfig(), tmp_path / "b")
    with pytest.raises(TrainingError, match="no validation batches"):
        fit(task(PointBatches(points(), 4), []), OptimisationConfig(), tmp_path / "c")


def test_tensorboard_gets_every_step_and_every_validation(tmp_path: Path) -> None:
    record = Record()
    with TensorBoard(tmp_path / "board") as board:
        options = OptimisationConfig(epochs=2)
        fit(task(PointBatches(points(), 4)), options, tmp_path / "run", observers=[record, board])
    events = EventAccumulator(str(tmp_path / "board"))
    events.Reload()
    assert [event.step for event in events.Scalars("train/loss")] == list(range(1, 7))
    assert [event.value for event in events.Scalars("train/loss")] == pytest.approx(record.losses)
    validations = events.Scalars("validation/error")
    assert [event.step for event in validations] == [3, 6]
    assert [event.value for event in validations] == pytest.approx([loss for loss, _ in record.validations])
    assert len(events.Scalars("learning_rate")) == 6
