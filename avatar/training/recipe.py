"""How the weights that come with the package are made: dyads out of a bank, then training, all from seeds."""

from __future__ import annotations

from collections.abc import Iterator
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
from avatar.training.dyads.bank import read_bank
from avatar.training.dyads.compose import compose
from avatar.training.dyads.options import DyadOptions
from avatar.training.dyads.utterance import Utterance
from avatar.training.streaming_data import HeardDyad, heard
from avatar.training.streaming_training import Report, StreamingTraining, StreamingTrainingConfig

Material = Literal["train", "validation"]


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
    training: StreamingTrainingConfig = Field(
        default=StreamingTrainingConfig(), description="How long and how fast it is trained."
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


def make_weights(
    train: list[HeardDyad],
    validation: list[HeardDyad],
    recipe: WeightsRecipe,
    folder: Path,
    report: Report,
    **about: str,
) -> Path:
    """Train the recipe's model, going on from where ``folder`` left off; returns the file of its weights."""
    torch.manual_seed(recipe.seed)
    model = StreamingDualTalk(recipe.model)
    trained = StreamingTraining(model, train, validation, recipe.training, folder).run(report)
    path = folder / "weights.safetensors"
    save(trained, path, recipe=recipe.model_dump_json(), **about)
    return path


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


__all__ = ["Material", "WeightsRecipe", "dyads", "make_weights"]
