"""The report of a run: JSON for programs, a Markdown table for people."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from orchestration.turn_bench.case import Column, Half, Kind
from orchestration.turn_bench.measures import MEASURES, Figure, Measure, Unit
from orchestration.turn_bench.outcome import Outcome

Results = Mapping[str, Sequence[Outcome]]  # outcomes by policy
COLUMNS: Final = (Column.HUMAN, Column.SYNTHETIC, Column.NEURAL, Column.SOUND)
HEADINGS: Final = {
    Column.HUMAN: "Human recordings",
    Column.SYNTHETIC: "Synthetic voices",
    Column.NEURAL: "Neural voices (Kokoro)",
    Column.SOUND: "Noise and silence",
}


def as_dict(results: Results, half: Half, seed: int, facts: Mapping[str, Any]) -> dict[str, Any]:
    """All figures by policy, measure and column, and every outcome."""
    return {
        "half": half.value,
        "seed": seed,
        **facts,
        "cases": {policy: len(outcomes) for policy, outcomes in results.items()},
        "figures": {
            policy: {
                measure.key: {
                    column.value: dataclasses.asdict(figure) | {"met": _met(measure, figure)}
                    for column in COLUMNS
                    if (figure := measure.of(outcomes, column)).count
                }
                for measure in MEASURES
            }
            for policy, outcomes in results.items()
        },
        "targets": {one.key: one.target for one in MEASURES if one.target is not None},
        "outcomes": {
            policy: [dataclasses.asdict(outcome) for outcome in outcomes]
            for policy, outcomes in results.items()
        },
    }


def _met(measure: Measure, figure: Figure) -> bool | None:
    return None if figure.value is None else measure.met(figure.value)


def written(value: float | None, unit: Unit) -> str:
    """A value as people read it."""
    if value is None:
        return "-"
    match unit:
        case Unit.SHARE:
            return f"{100 * value:.0f} %"
        case Unit.MILLISECONDS:
            return f"{value:,.0f} ms"
        case Unit.A_MINUTE:
            return f"{value:.1f}"


def target_of(measure: Measure) -> str:
    """What is aimed at, in words."""
    if measure.target is None:
        return ""
    return f"{'>=' if measure.more else '<='} {written(measure.target, measure.unit)}"


def cell(measure: Measure, figure: Figure) -> str:
    """Value, interval and how many; in bold where the target is reached."""
    if figure.value is None or figure.low is None or figure.high is None:
        return "-"
    value = written(figure.value, measure.unit)
    if measure.met(figure.value):
        value = f"**{value}**"
    low, high = (
        written(end, measure.unit).removesuffix(" %").removesuffix(" ms") for end in (figure.low, figure.high)
    )
    return f"{value} ({low}-{high}; {figure.count})"


def markdown(results: Results) -> str:
    """One table a column; a row a measure, the policies that have cases of it one beside the other."""
    tables = []
    for column in COLUMNS:
        policies = [
            name for name, outcomes in results.items() if any(one.column is column for one in outcomes)
        ]
        rows = []
        for measure in MEASURES:
            figures = [measure.of(results[name], column) for name in policies]
            if any(figure.count for figure in figures):
                cells = (measure.what, target_of(measure), *(cell(measure, one) for one in figures))
                rows.append(f"| {' | '.join(cells)} |")
        if rows:
            head = f"| {HEADINGS[column]} | aim | {' | '.join(policies)} |"
            tables.append("\n".join((head, "|---" * (2 + len(policies)) + "|", *rows)))
    return "\n\n".join(tables) + "\n"


def write(folder: Path, report: Mapping[str, Any], table: str) -> tuple[Path, Path]:
    """``turns.json`` and ``turns.md`` in ``folder``; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    data, text = folder / "turns.json", folder / "turns.md"
    data.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    text.write_text(table, encoding="utf-8")
    return data, text


def earlier(folder: Path, half: Half, seed: int) -> dict[str, list[Outcome]]:
    """Outcomes by policy of the report in ``folder``; none if it is of other cases or isn't there."""
    path = folder / "turns.json"
    if not path.is_file():
        return {}
    report = json.loads(path.read_text(encoding="utf-8"))
    return outcomes_of(report) if (report["half"], report["seed"]) == (half.value, seed) else {}


def joined(before: Sequence[Outcome], now: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes of now, and those of before whose kind and column weren't played now."""
    played = {(one.kind, one.column) for one in now}
    return [*(one for one in before if (one.kind, one.column) not in played), *now]


def outcomes_of(report: Mapping[str, Any]) -> dict[str, list[Outcome]]:
    """The outcomes that a written report holds, by policy."""
    return {policy: [outcome_of(one) for one in outcomes] for policy, outcomes in report["outcomes"].items()}


def outcome_of(data: Mapping[str, Any]) -> Outcome:
    """An outcome as JSON keeps it."""
    return Outcome(
        **{
            **data,
            "kind": Kind(data["kind"]),
            "column": Column(data["column"]),
            "backchannels": tuple(data["backchannels"]),
        }
    )
