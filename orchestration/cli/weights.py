"""``visavis weights``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

LICENCE = "Apache-2.0, with attribution to the recordings' authors (docs/streaming.md)"

if TYPE_CHECKING:
    from avatar.training.recipe import WeightsRecipe


def weights(
    recipe: Annotated[
        Path | None, typer.Option(help="YAML recipe; without it the package's own, configs/weights.yaml.")
    ] = None,
    bank: Annotated[
        Path | None, typer.Option(help="Bank of utterances; without it the one of visavis corpus bank.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for conversations, training and the weights.")] = Path(
        "out/weights"
    ),
    workers: Annotated[int, typer.Option(min=1, help="Processes that compose; threads that train.")] = 2,
) -> None:
    """Make the streaming animator's weights: compose conversations and train on them; can be interrupted."""
    import torch
    from rich.console import Console
    from rich.progress import track

    from avatar.training.recipe import Material, begin, dyads, make_weights
    from avatar.training.streaming_data import HeardDyad
    from avatar.training.tensorboard import TensorBoard
    from orchestration.cli.train import Display, training_progress
    from orchestration.corpus.making import default_folder

    console = Console()
    chosen, where = _read(recipe), bank or default_folder()
    torch.set_num_threads(workers)
    begin(out, chosen, where)

    def composed(material: Material, count: int) -> list[HeardDyad]:
        ready = dyads(where, chosen, material, out / "dyads", workers)
        return list(track(ready, f"Conversations, {material}", total=count, console=console))

    train, validation = composed("train", chosen.dyads), composed("validation", chosen.validation_dyads)
    with training_progress(console) as progress, TensorBoard(out / "tensorboard") as board:
        path = make_weights(
            train, validation, chosen, out, (Display(progress), board), licence=LICENCE, data=_data(where)
        )
    console.print(f"weights: {path} ({path.stat().st_size / 2**20:.1f} MB)")


def _data(bank: Path) -> str:
    """The voices that were trained on, with their terms."""
    from avatar.training.dyads.bank import read_index

    voices = [voice for voice in read_index(bank).voices if voice.utterances.get("train")]
    return "; ".join(f"{voice.voice}: {voice.source}, {voice.licence}" for voice in voices)


def _read(path: Path | None) -> WeightsRecipe:
    from avatar.training.recipe import WeightsRecipe
    from orchestration.configuration.document import read_document
    from orchestration.configuration.folder import configs_folder
    from orchestration.configuration.problems import ConfigurationError
    from orchestration.configuration.validation import validate

    document = read_document(path or configs_folder() / "weights.yaml")
    recipe, problems = validate(WeightsRecipe, document, document.data)
    if recipe is None or problems or document.problems:
        raise ConfigurationError([*document.problems, *problems])
    return recipe
