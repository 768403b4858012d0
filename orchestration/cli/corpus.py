"""``visavis corpus``: the speech that models are trained on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from avatar.training.dyads.bank import BankIndex

app = typer.Typer(help="Make the speech that animators are trained on.", no_args_is_help=True)


@app.callback()
def corpus() -> None:
    """Make the speech that animators are trained on."""  # typer makes a lone command the whole program


@app.command()
def bank(
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder of the bank; by default visavis/corpus/bank in the cache."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed by which sentences are dealt to voices.")] = 0,
    recordings: Annotated[
        Path | None, typer.Option(help="Folder of Asterisk's prompts; by default where Debian puts them.")
    ] = None,
    transcripts: Annotated[
        Path | None,
        typer.Option(help="Table (tabs; prompt, text) of the prompts' words; Whisper hears the others."),
    ] = None,
    human: Annotated[bool, typer.Option(help="Whether the human prompts are part of the bank.")] = True,
    force: Annotated[bool, typer.Option(help="Make every voice again.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Voices made at a time; by default one for each core.")
    ] = None,
) -> None:
    """Make the bank of utterances: human prompts and synthetic voices, each phone of which is timed.

    A voice that is there already isn't made again, so an interrupted run goes on. Needs the extra `corpus`,
    the models `base`, `en_US-joe-medium` and `kokoro-v1.0`, and Debian's asterisk-core-sounds-en-wav.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    from orchestration.corpus.making import default_folder, make_bank

    folder = out or default_folder()
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console) as bars:

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=of)
            bars.update(tasks[what], completed=done)

        index = make_bank(
            folder,
            seed=seed,
            recordings=recordings,
            transcripts=transcripts,
            with_human=human,
            force=force,
            workers=workers or os.cpu_count() or 1,
            progress=show,
        )
    _report(index, console)
    console.print(f"written to {folder}", highlight=False, soft_wrap=True)


def _report(index: BankIndex, console: Console) -> None:
    from rich.table import Table

    table = Table("voice", "train", "validation", "test", "phones", "refused", "source", box=None)
    for record in index.voices:
        spoken = [
            f"{record.utterances.get(material, 0)} ({record.seconds.get(material, 0) / 60:.1f} min)"
            if record.utterances.get(material)
            else "-"
            for material in ("train", "validation", "test")
        ]
        refused = ", ".join(f"{reason} {count}" for reason, count in record.refused.items()) or "-"
        table.add_row(record.voice, *spoken, str(record.phones), refused, record.source)
    console.print(table)
    minutes = [f"{name} {index.seconds(name) / 60:.1f}" for name in ("train", "validation", "test")]
    console.print(f"minutes of speech: {', '.join(minutes)}")
