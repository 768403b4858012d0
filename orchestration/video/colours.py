"""The colours of the parties, those of the timeline's picture."""

from __future__ import annotations

from typing import Final

from avatar.video.film import Colour
from orchestration.recording.timeline import AGENT_COLOUR, THINKING_COLOUR, USER_COLOUR


def rgb(code: str) -> Colour:
    """The colour written ``#rrggbb``."""
    red, green, blue = bytes.fromhex(code.removeprefix("#"))
    return red, green, blue


USER: Final = rgb(USER_COLOUR)
AGENT: Final = rgb(AGENT_COLOUR)
THINKING: Final = rgb(THINKING_COLOUR)
