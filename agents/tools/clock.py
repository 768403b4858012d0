"""What time it is, as a tool: the commonest question that no language model can answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from agents.tools.outcome import Outcome, ToolFailure


def time_now(
    zone: Annotated[str, Field(description="IANA time zone such as Europe/Oslo; empty: here")] = "",
) -> str:
    """The date and the time of day now."""
    try:
        now = datetime.now(ZoneInfo(zone)) if zone else datetime.now().astimezone()
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ToolFailure(Outcome.BAD_ARGUMENTS, f"no time zone is called {zone!r}") from error
    return f"{now:%A}, {now.day} {now:%B %Y}, {now:%H:%M}"
