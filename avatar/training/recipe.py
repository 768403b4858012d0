"""How the weights that come with the package are made: dyads out of a bank, then training, all from seeds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from avatar.streaming.checkpoint import save
from avatar.streaming.config import StreamingConfig
from avatar.streaming.model import StreamingDualTalk
from avatar.training.config import OptimisationConfig
from avatar.training.dyad_task import dyad_task
from avatar.training.dyads.bank import INDEX, read_bank, read_index
from avatar.training.dyads.compose import compose
from avatar.training.dyads.options import DyadOptions
from avatar.training.dyads.utterance import Utterance
from avatar.training.fit import LAST, Observer, fit
from avatar.training.state import STATE
from avatar.training.streaming_data import HeardDyad, SamplingConfig, heard
from avatar.training.task import TrainingError

Material = Literal["train", "validation"]
KEPT = "recipe.json"  # in the output folder: what its conversations and its training are made by


class WeightsRecipe(BaseModel):
    """Everything that decides the weights, with the bank of utterances."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(default=0, ge=0, description="Of the conversations and of the model's first weights.")
    dyads: int = Field(default=240, ge=1, description="Conversations to train on.")
    validation_dyads: int = Field(default=12, ge=1, description="Conversations to validate on.")
    seconds: float = Field(default=60.0, ge=20, description="Length of each conversation, seconds.")
    conversations: DyadOptions = Field(default=DyadOptions(), description="How conversations are composed.")
    casting: dict[str, float] = Field(
        default={}, description="How often a voice is cast against the others' 1, by its name in the bank."
    )
    model: StreamingConfig = Field(default=StreamingConfig(), description="Sizes of the model.")
    sampling: SamplingConfig = Field(default=SamplingConfig(), description="How stretches are drawn.")
    batches: int = Field(default=100, ge=1, description="Batches in an epoch, after which it is validated.")
    validation_batches: int = Field(default=6, ge=1, description="Batches of a validation.")
    optimisation: OptimisationConfig = Field(
        description="How long and how fast it is trained; a batch is of stretches.",
    )


@dataclass(frozen=True, slots=True)
class _Order:
    recipe: WeightsRecipe
    material: Material
    number: int
    path: Path


_bank: list[Utterance] = []  # of this process


def dyads(
    bank: Path, recipe: WeightsRecipe, material: Material, folder: Path, workers: int
) -> Iterator[HeardDyad]:
    """The recipe's conversations of one material, made by ``workers`` processes unless ``folder`` has them.

    Raises ``BankError`` for a bank that is absent or broken, ``DyadError`` for one of which no conversation
    can be made.
    """
    count = recipe.dyads if material == "train" else recipe.validation_dyads
    folder.mkdir(parents=True, exist_ok=True)
    orders = [_Order(recipe, material, n, folder / f"{material}-{n:04}.npz") for n in range(count)]
    with ProcessPoolExecutor(workers, initializer=_open_bank, initargs=(bank,)) as pool:
        for path in pool.map(_make, orders):
            yield _read(path)


def begin(folder: Path, recipe: WeightsRecipe, bank: Path) -> None:
    """Say in ``folder`` what it is made by.

    Raises ``TrainingError`` where it holds conversations or a training of another recipe or bank, and
    ``BankError`` for a bank that is absent or broken.
    """
    read_index(bank)
    digest = hashlib.sha256((bank / INDEX).read_bytes()).hexdigest()
    made_by = json.dumps({"recipe": recipe.model_dump(mode="json"), "bank": digest}, indent=1)
    path = folder / KEPT
    if path.is_file() and path.read_text("utf-8") != made_by:
        raise TrainingError(
            f"{folder} was begun with another recipe or bank; remove it, or choose another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(made_by, "utf-8")


def make_weights(
    train: list[HeardDyad],
    validation: list[HeardDyad],
    recipe: WeightsRecipe,
    folder: Path,
    observers: Sequence[Observer] = (),
    **about: str,
) -> Path:
    """Train the recipe's model, going on from where ``folder`` left off; returns the file of its weights."""
    torch.manual_seed(recipe.seed)
    model = StreamingDualTalk(recipe.model)
    optimisation = recipe.optimisation

    def keep(trained: StreamingDualTalk, path: Path) -> None:
        save(trained, path, recipe=recipe.model_dump_json(), **about)

    task = dyad_task(
        model,
        train,
        validation,
        recipe.sampling,
        keep,
        size=optimisation.batch,
        count=recipe.batches,
        epochs=optimisation.epochs,
        validation_batches=recipe.validation_batches,
        seed=recipe.seed,
    )
    resume = (folder / STATE).is_file()
    fit(task, optimisation, folder, seed=recipe.seed, resume=resume, observers=observers)
    return folder / LAST


def _open_bank(folder: Path) -> None:
    torch.set_num_threads(1)
    _bank[:] = read_bank(folder)


def _make(order: _Order) -> Path:
    if order.path.is_file():
        return order.path
    recipe = order.recipe
    rng = np.random.default_rng([recipe.seed, ("train", "validation").index(order.material), order.number])
    dyad = compose(_cast(order, rng), rng, recipe.seconds, recipe.conversations)
    torch.manual_seed(recipe.seed)
    ears = StreamingDualTalk(recipe.model)
    (result,) = heard(ears, [dyad])
    part = order.path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(
            file,
            mel=result.mel,
            motion=result.motion,
            onsets=result.onsets,
            holds_floor=result.holds_floor,
            valence=result.valence,
        )
    part.replace(order.path)
    return order.path


def _cast(order: _Order, rng: np.random.Generator) -> list[Utterance]:
    """What two voices say, drawn by their weights; what there is if there are fewer."""
    said = [utterance for utterance in _bank if utterance.material == order.material]
    names = sorted({utterance.voice for utterance in said})
    if len(names) <= 2:
        return said
    weights = np.array([order.recipe.casting.get(name, 1.0) for name in names])
    pair = {names[index] for index in rng.choice(len(names), 2, replace=False, p=weights / weights.sum())}
    return [utterance for utterance in said if utterance.voice in pair]


def _read(path: Path) -> HeardDyad:
    with np.load(path, allow_pickle=False) as arrays:
        return HeardDyad(**{name: arrays[name] for name in arrays.files})


__all__ = ["Material", "WeightsRecipe", "begin", "dyads", "make_weights"]
