"""``visavis doctor``: what is installed, what is missing, and the fix for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from orchestration.doctor import Check

STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "skipped": "dim"}


def doctor(
    config: Annotated[
        str, typer.Option(help="Configuration to examine for, a name or a YAML file.")
    ] = "default",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of a table.")
    ] = False,
    quick: Annotated[
        bool, typer.Option(help="Don't load the engines' libraries, which takes most of the time.")
    ] = False,
) -> None:
    """Examine this machine: Python, packages, import names, models, configuration, port, memory, GPU.

    Everything that is missing is said at once, each with its fix. Exits with 1 if something must be repaired.
    """
    import json
    from dataclasses import asdict

    from orchestration.doctor import State, examine

    checks = examine(config, quick=quick)
    failed = [check for check in checks if check.state is State.FAILED]
    if as_json:
        typer.echo(json.dumps({"ok": not failed, "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        _print(checks, len(failed))
    if failed:
        raise typer.Exit(1)


def _print(checks: list[Check], failed: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        detail = Text(check.detail)
        if check.fix:
            detail.append(f"\nfix: {check.fix}", style="bold")
        table.add_row(Text(check.state, style=STYLES[check.state]), Text(check.subject), detail)
    console.print(table)
    console.print(f"[bold red]{failed} to repair[/]" if failed else "[green]ready[/]")
