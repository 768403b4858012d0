"""``visavis check``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from orchestration.scenarios.systems import Outcome


def check(
    paths: Annotated[list[Path], typer.Argument(help="Scenario files, or folders of them.")],
    config: Annotated[
        str, typer.Option(help="What they are held against: a packaged configuration, or a YAML file.")
    ] = "default",
    scripted: Annotated[
        bool,
        typer.Option("--scripted", help="On virtual time, with scripted engines: no models, seconds in all."),
    ] = False,
    junit: Annotated[Path | None, typer.Option(help="Also write JUnit XML to this file.")] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep sound, motion and events of each, in a folder of this one.")
    ] = None,
    every: Annotated[bool, typer.Option("--every", help="Show what was as expected, too.")] = False,
) -> None:
    """Hold written conversations against a system, and tell what was not as expected.

    Exits with 1 if something was not, with 2 if a file can't be used.
    """
    import asyncio

    from rich.console import Console

    from orchestration.configuration import load_configuration, resolve_models
    from orchestration.scenarios.reading import read_scenarios
    from orchestration.scenarios.report import summary, table, write_junit
    from orchestration.scenarios.systems import hold_real, hold_scripted

    console = Console()
    files = read_scenarios(paths)
    configuration = load_configuration(config, models=not scripted)
    if scripted:
        outcomes = [hold_scripted(file, configuration) for file in files]
    else:
        minutes = sum(file.scenario.length for file in files if "real" in file.scenario.runs) / 60
        console.print(f"{len(files)} scenarios in real time: {minutes:.1f} minutes", style="dim")
        outcomes = asyncio.run(hold_real(files, resolve_models(configuration)))
    console.print(table(outcomes, every=every))
    console.print(summary(outcomes))
    if keep is not None:
        _keep(outcomes, keep)
    if junit is not None:
        write_junit(outcomes, junit)
    if not all(outcome.passed for outcome in outcomes):
        raise typer.Exit(1)


def _keep(outcomes: list[Outcome], folder: Path) -> None:
    from orchestration.recording.artefacts import write_artefacts

    for outcome in outcomes:
        if outcome.account is not None and outcome.account.recording.frames:
            name = outcome.file.scenario.name
            write_artefacts(outcome.account.recording, folder / outcome.file.path.stem, name)
