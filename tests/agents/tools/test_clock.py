"""The tool that tells the time."""

from __future__ import annotations

import re

import pytest

from agents.tools.clock import time_now
from agents.tools.outcome import ToolFailure


def test_the_date_and_the_time_are_words_that_can_be_said():
    assert re.fullmatch(r"[A-Z]\w+day, \d{1,2} [A-Z]\w+ \d{4}, \d\d:\d\d", time_now("Asia/Tokyo"))
    assert time_now()


@pytest.mark.parametrize("zone", ["Atlantis", "../etc/passwd", "Europe/"])
def test_a_zone_that_is_none_is_named(zone):
    with pytest.raises(ToolFailure, match="no time zone is called"):
        time_now(zone)
