"""What came of the scenarios: a table for people, JUnit XML for machines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from rich.markup import escape
from rich.table import Table

from orchestration.scenarios.systems import Outcome


def table(outcomes: Sequence[Outcome], *, every: bool = False) -> Table:
    """One row a scenario, and one for each thing that was not as expected; ``every``: for all things."""
    drawn = Table(box=None, pad_edge=False, show_header=False)
    for outcome in outcomes:
        if outcome.skipped:
            drawn.add_row("[yellow]skip[/]", escape(outcome.file.scenario.name), f"[dim]{outcome.skipped}[/]")
            continue
        mark = "[green]pass[/]" if outcome.passed else "[bold red]FAIL[/]"
        wrong = sum(not verdict.passed for verdict in outcome.verdicts)
        of = (
            f"{len(outcome.verdicts)} as expected" if not wrong else f"{wrong} of {len(outcome.verdicts)} not"
        )
        drawn.add_row(mark, f"[bold]{escape(outcome.file.scenario.name)}[/]", of)
        for verdict in outcome.verdicts:
            if every or not verdict.passed:
                tick = "[green]ok[/]" if verdict.passed else "[red]no[/]"
                drawn.add_row("", f"  {tick} {escape(verdict.what)}", f"[dim]{escape(verdict.found)}[/]")
    return drawn


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many of each, in one line."""
    held = [outcome for outcome in outcomes if not outcome.skipped]
    passed = sum(outcome.passed for outcome in held)
    skipped = len(outcomes) - len(held)
    text = f"{passed} of {len(held)} scenarios as expected"
    return text + (f", {skipped} skipped" if skipped else "")


def write_junit(outcomes: Sequence[Outcome], path: Path) -> None:
    """JUnit XML, a test case a scenario; raises ``OSError`` if ``path`` can't be written."""
    failed = sum(not outcome.passed for outcome in outcomes)
    skipped = sum(bool(outcome.skipped) for outcome in outcomes)
    counts = {"tests": str(len(outcomes)), "failures": str(failed), "skipped": str(skipped), "errors": "0"}
    suite = ElementTree.Element("testsuite", {"name": "visavis check", **counts})
    for outcome in outcomes:
        seconds = 0.0 if outcome.account is None else outcome.account.seconds
        case = ElementTree.SubElement(
            suite,
            "testcase",
            name=outcome.file.scenario.name,
            classname=f"{outcome.run}.{outcome.file.path.stem}",
            time=f"{seconds:.2f}",
        )
        if outcome.skipped:
            ElementTree.SubElement(case, "skipped", message=outcome.skipped)
        wrong = [verdict for verdict in outcome.verdicts if not verdict.passed]
        if wrong:
            failure = ElementTree.SubElement(case, "failure", message=_printable(wrong[0].what))
            failure.text = "\n".join(_printable(f"{verdict.what}: {verdict.found}") for verdict in wrong)
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.indent(suite)
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _printable(text: str) -> str:
    """Without the control characters that XML can't hold."""
    return "".join(character if character.isprintable() else " " for character in text)
