"""Parts of how the agent listens and thinks: its own echo, and the configuration."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import ValidationError

from agents.turn_taking.backchannel import BackchannelRates
from agents.turn_taking.interruption import Judged
from orchestration.clock import LoopClock
from orchestration.configuration import load_configuration
from orchestration.configuration.listening import ListeningConfig, ThinkingConfig
from orchestration.gateway.limits import session_options
from orchestration.session.giving_way import GivingWay
from orchestration.session.playout import Playout
from orchestration.session.thinking_visibly import ThinkingOptions
from orchestration.session.timeline import Timeline
from orchestration.simulation.client import SimulatedClient


@pytest.mark.parametrize(
    ("after", "believed"),
    [
        pytest.param(1e-4, [0, 0, 0], id="a room that is still: the model only trails what it heard"),
        pytest.param(0.1, [0.9, 0.9, 0.9], id="a user who speaks right then"),
    ],
)
def test_what_comes_right_after_an_echo_is_believed_if_it_is_as_loud(after, believed):
    rng = np.random.default_rng(6)
    sound = rng.normal(0, 0.2, (14, 640)).astype(np.float32)
    other = rng.normal(0, after, (3, 640)).astype(np.float32)
    timeline = Timeline("test", SimpleNamespace(now=lambda: 0.0), SimulatedClient(LoopClock()))
    ways = GivingWay(Playout(1.0), timeline, understand=None)
    heard = np.concatenate([np.zeros((4, 640), np.float32), 0.3 * sound[:10], other])
    sent = np.concatenate([sound[:10], np.zeros((7, 640), np.float32)])
    told = []
    for out, back in zip(sent, heard, strict=True):
        ways.sent(out)
        told.append(ways.doubt(Judged(), back, 0.9))
    assert told[8:14] == [0] * 6, "once it has been heard for a while it is known for an echo"
    assert told[14:] == believed


def test_the_configuration_says_how_often_and_how_long() -> None:
    configuration = load_configuration("default", models=False)
    changed = configuration.model_copy(
        update={
            "listening": ListeningConfig(nods_per_minute=4, sounds_per_minute=0, after_interruption_s=5),
            "thinking": ThinkingConfig(looks_away=False, after_s=1, filler_after_s=2),
        }
    )
    presence = session_options(changed, changed.persona).presence
    assert presence.listening == BackchannelRates(nods=4, sounds=0, after_interruption=5)
    assert presence.thinking == ThinkingOptions(looks_away=False, after=1, filler_after=2)


@pytest.mark.parametrize(
    ("section", "options"),
    [
        (ListeningConfig, {"sounds": ["  "]}),
        (ListeningConfig, {"nods_per_minute": -1}),
        (ListeningConfig, {"gain_db": 3}),
        (ThinkingConfig, {"filler": ["x" * 41]}),
        (ThinkingConfig, {"after": 1}),
    ],
    ids=[
        "a word of blanks",
        "a negative rate",
        "louder than the voice",
        "a filler like a speech",
        "no option",
    ],
)
def test_options_that_make_no_sense_are_refused(section, options) -> None:
    with pytest.raises(ValidationError, match=next(iter(options))):
        section(**options)
