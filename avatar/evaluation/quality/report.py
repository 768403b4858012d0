"""A comparison as data: JSON for programs, CSV for spreadsheets."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from avatar.evaluation.quality.ceiling import NAME
from avatar.evaluation.quality.compare import Comparison, Pair
from avatar.evaluation.quality.row import Row

COLUMNS = (
    "key", "section", "what", "target", "unit", "animator", "value", "low", "high", "met", "count", "counted",
    "verdict", "note",
)  # fmt: skip


def as_dict(comparison: Comparison, material: dict[str, object], missing: Sequence[str]) -> dict[str, object]:
    """Everything that was measured; shares are 0..1, times in seconds."""
    return {
        "animator": comparison.animator,
        "against": comparison.against,
        "material": material,
        "not_measured": list(missing),
        "verdicts": {str(verdict): count for verdict, count in comparison.counts.items()},
        "better_or_equal_on_every_row": comparison.no_worse if comparison.against else None,
        "missed": [pair.row.key for pair in comparison.missed],
        "rows": [_row(comparison, pair) for pair in comparison.pairs],
    }


def _row(comparison: Comparison, pair: Pair) -> dict[str, object]:
    row = pair.row
    values = {comparison.animator: {**_value(row), "met": pair.met}}
    if pair.other is not None and comparison.against is not None:
        values[comparison.against] = _value(pair.other)
    if pair.ceiling is not None:
        values[NAME] = _value(pair.ceiling)
    return {
        "key": row.key,
        "section": row.section,
        "what": row.what,
        "target": row.target.text,
        "unit": row.unit.value,
        "verdict": str(pair.verdict),
        "values": values,
    }


def _value(row: Row) -> dict[str, object]:
    low, high = row.interval or (None, None)
    return {
        "value": row.value,
        "interval": None if low is None else [low, high],
        "met": row.met,
        "count": row.count,
        "counted": row.counted,
        "details": dict(row.details),
        **({"why": row.why} if row.value is None else {}),
    }


def write_json(path: Path, report: dict[str, object]) -> None:
    """Write what ``as_dict`` gives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def write_csv(path: Path, comparison: Comparison) -> None:
    """One line a row and animator."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for pair in comparison.pairs:
            table.writerow(_line(comparison.animator, pair.row, pair.met, str(pair.verdict)))
            if pair.other is not None and comparison.against is not None:
                table.writerow(_line(comparison.against, pair.other, pair.other.met, ""))
            if pair.ceiling is not None:
                table.writerow(_line(NAME, pair.ceiling, pair.ceiling.met, ""))


def _line(animator: str, row: Row, met: bool | None, verdict: str) -> list[object]:
    low, high = row.interval or ("", "")
    return [
        row.key, row.section, row.what, row.target.text, row.unit.value, animator,
        "" if row.value is None else row.value, low, high, "" if met is None else met, row.count, row.counted,
        verdict, row.why if row.value is None else "",
    ]  # fmt: skip
