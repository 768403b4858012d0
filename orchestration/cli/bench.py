"""``visavis bench turns``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from orchestration.turn_bench.case import Case
    from orchestration.turn_bench.models import BenchModels
    from orchestration.turn_bench.outcome import Outcome
    from orchestration.turn_bench.policies import Policy

app = typer.Typer(help="Measure conversations against how people behave.", no_args_is_help=True)

TOLD = 20  # cases after which a run that nobody watches says how far it is
WIDTH = 170  # columns of the table where it isn't read on a terminal


@app.callback()
def _group() -> None:
    """Measure conversations against how people behave."""


@app.command()
def turns(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for turns.json, turns.md and turns.png.")
    ] = Path("out/bench"),
    half: Annotated[
        Literal["test", "development"],
        typer.Option(help="Recordings to report on, or those to choose numbers on."),
    ] = "test",
    policies: Annotated[
        str,
        typer.Option(help="Which policies, separated by commas; `configured` is the configuration's own."),
    ] = "silence,smart_turn,min_words,fused",
    config: Annotated[str, typer.Option(help="Packaged configuration by name, or a YAML file.")] = "default",
    kinds: Annotated[str, typer.Option(help="Only these kinds of cases, separated by commas.")] = "",
    columns: Annotated[
        str,
        typer.Option(
            help="Whose sound, separated by commas; also `neural`, voices that take minutes to speak once."
        ),
    ] = "human,synthetic,sound",
    quick: Annotated[bool, typer.Option(help="About one case in six.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the cases.")] = 0,
    recordings: Annotated[
        Path | None, typer.Option(help="Folder of the recordings, where Debian's package isn't installed.")
    ] = None,
    memory: Annotated[
        Path | None,
        typer.Option(help="File that keeps what the models gave, so that a further run goes on from there."),
    ] = None,
    merge: Annotated[
        bool, typer.Option(help="Keep other policies, kinds and columns of an earlier report in the folder.")
    ] = False,
) -> None:
    """Play hundreds of cases, built from recorded speech, into real sessions, and measure turn-taking.

    Time is virtual; the models are real, and their own seconds are counted.
    """
    from rich.console import Console

    from orchestration.configuration import load_configuration, resolve_models
    from orchestration.turn_bench.case import Column, Half
    from orchestration.turn_bench.cases import QUICK, build_cases
    from orchestration.turn_bench.models import open_models
    from orchestration.turn_bench.plot import draw
    from orchestration.turn_bench.policies import columns_of, kinds_of, policy_of
    from orchestration.turn_bench.recordings import sentences
    from orchestration.turn_bench.report import as_dict, earlier, joined, markdown, write
    from orchestration.turn_bench.saying import spoken_folder
    from speech.smart_turn import SmartTurnConfig

    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    chosen = [policy_of(name.strip()) for name in policies.split(",")]
    wanted, whose = kinds_of(kinds), columns_of(columns)
    which = Half(half)
    neural = Column.NEURAL in whose
    if neural:
        console.print(f"what the neural voices haven't said yet is spoken into {spoken_folder()}")
    built = build_cases(which, seed=seed, divisor=QUICK if quick else 1, folder=recordings, neural=neural)
    cases = [case for case in built if case.kind in wanted and case.column in whose]
    configuration = load_configuration(config)
    if configuration.smart_turn is None:  # the policies that are compared hear endings by it
        configuration = configuration.model_copy(update={"smart_turn": SmartTurnConfig()})
    configuration = resolve_models(configuration)
    results = earlier(out, which, seed) if merge else {}
    with open_models(configuration, list(sentences(which, recordings)), memory) as models:
        for policy in chosen:
            outcomes = _play(console, cases, models, policy)
            results[policy.name] = joined(results.get(policy.name, []), outcomes)
            facts = models.facts()
            table = markdown(results)
            write(out, as_dict(results, which, seed, facts), table)
    draw(out / "turns.png", results)
    console.print(table, markup=False, highlight=False, soft_wrap=True)
    console.print(f"written to {out}", highlight=False, soft_wrap=True)


def _play(console: Console, cases: list[Case], models: BenchModels, policy: Policy) -> list[Outcome]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from orchestration.turn_bench.stage import hold_all

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(policy.name, total=len(cases))
        outcomes = []
        for outcome in hold_all(cases, models, policy):
            outcomes.append(outcome)
            bars.advance(task)
            if not console.is_terminal and len(outcomes) % TOLD == 0:
                console.print(f"{policy.name}: {len(outcomes)} of {len(cases)}", highlight=False)
        return outcomes
