"""Prints a conversation as it happens, and its latency table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.protocol import Event
from orchestration.session.events import EventType

_FLOOR = {
    "user": "[blue]● the user holds the floor[/]",
    "thinking": "[yellow]● thinking[/]",
    "agent": "[red]● the agent holds the floor[/]",
    "nobody": "[dim]○ nobody holds the floor[/]",
}
MARKS = (
    ("decision", "turn decision"),
    ("transcript", "final transcript"),
    ("first_token", "first token"),
    ("first_sound", "first sound"),
    ("mouth_open", "mouth open"),
    ("orchestration", "of which orchestration"),
)


class Narrator:
    """Says what happens, one line an event, with the second of session time at which it does."""

    def __init__(self, console: Console, agent: str) -> None:
        self._console = console
        self._agent = agent

    def __call__(self, event: Event) -> None:
        """Print ``event`` if a listener would want to know it."""
        data = event.data
        match event.type:
            case EventType.FLOOR:
                self._line(event, _FLOOR[data["holder"]])
            case EventType.PARTIAL_TRANSCRIPT:
                self._line(event, f"[blue]  user …[/] [dim]{escape(data['text'])}[/]")
            case EventType.FINAL_TRANSCRIPT:
                self._line(event, f"[bold blue]  user:[/] {escape(data['text'])}")
            case EventType.NOTHING_HEARD:
                self._line(event, "[dim]  nothing understood[/]")
            case EventType.REPLY_TEXT:
                self._line(event, f"[bold red]  {escape(self._agent)}:[/] {escape(data['text'])}")
            case EventType.INTERRUPTED:
                self._line(event, "[magenta]  the agent gives way[/]")
            case EventType.ENGINE_FAILED | EventType.FALLBACK | EventType.PROBLEM:
                self._line(event, f"[yellow]  {event.type}: {escape(data['message'])}[/]")
            case _:
                pass

    def _line(self, event: Event, text: str) -> None:
        self._console.print(f"[dim]{event.t:7.2f} s[/]  {text}", highlight=False)


def latency_table(turns: Sequence[dict[str, Any]]) -> Table:
    """Milliseconds from the end of the user's speech, a column a turn and the median."""
    table = Table(title="latency after the end of the user's speech, milliseconds", title_justify="left")
    table.add_column("")
    for number in range(1, len(turns) + 1):
        table.add_column(f"turn {number}", justify="right")
    if len(turns) > 1:
        table.add_column("median", justify="right")
    for key, label in MARKS:
        values = [turn.get(key) for turn in turns]
        cells = ["-" if value is None else f"{value:.0f}" for value in values]
        known = [value for value in values if value is not None]
        if len(turns) > 1:
            cells.append(f"{statistics.median(known):.0f}" if known else "-")
        table.add_row(label, *cells)
    return table
