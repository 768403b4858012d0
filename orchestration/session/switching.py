"""Tells a session that another engine stands in, or that the better one is back."""

from __future__ import annotations

from orchestration.fallback.switch import Switch
from orchestration.session.events import EventType
from orchestration.session.timeline import Timeline


def tell_switch(switch: Switch, timeline: Timeline) -> None:
    """An engine's stand-in was asked, or the engine came back; the log has it from the chain of engines."""
    if not switch.recovered:
        timeline.counts["engine_switched"] += 1
    timeline.emit(
        EventType.FALLBACK,
        what=switch.role,
        to=switch.to,
        why=switch.why,
        recovered=switch.recovered,
        message=switch.message,
    )
