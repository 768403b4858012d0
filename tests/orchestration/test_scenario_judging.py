"""How what came of a scenario is held against what was expected."""

from __future__ import annotations

import numpy as np
import pytest

from orchestration.protocol import AgentFrame, Event
from orchestration.scenarios.account import Account
from orchestration.scenarios.invariants import broken_rules
from orchestration.scenarios.judging import judge
from orchestration.scenarios.schema import Expectation, Scenario


def account() -> Account:
    """Ten seconds: the user speaks from 1 to 2 s, the agent from 3 to 6 s, once."""
    story = Account(began={"hello": 1.0}, ended={"hello": 2.0})
    for t, type, data in (
        (1.1, "floor", {"holder": "user"}),
        (2.5, "final_transcript", {"text": "Hello, there!"}),
        (2.5, "floor", {"holder": "thinking"}),
        (3.0, "reply_text", {"text": "Good"}),
        (3.0, "first_sound", {}),
        (3.0, "floor", {"holder": "agent"}),
        (4.0, "reply_text", {"text": "morning."}),
        (6.0, "floor", {"holder": "nobody"}),
        (6.2, "reply_heard", {"text": "Good morning.", "interrupted": False}),
    ):
        story.recording.event(Event(pts=round(t * 25), t=t, type=type, generation=1, data=data))
    for pts in range(250):
        sounds = 75 <= pts < 150 and pts not in (100, 101)  # a breath in between
        pcm = np.full(960, 0.2 * sounds, np.float32)
        story.recording.frame(AgentFrame(pts, 1, pcm, np.zeros(61, np.float32), speech=sounds))
    return story


CASES = [
    ("an event that came", {"event": "first_sound"}, True),
    ("an event that didn't", {"event": "interrupted"}, False),
    ("an event that came in time", {"event": "first_sound", "after": "hello.end", "within": 1.0}, True),
    ("an event that came too late", {"event": "first_sound", "after": "hello.end", "within": 0.9}, False),
    ("an event that came too early", {"event": "first_sound", "after": "hello.end", "from": 1.5}, False),
    ("a moment that never came", {"event": "floor", "after": "interrupted"}, False),
    ("a second event that never came", {"event": "floor", "after": "first_sound#2"}, False),
    ("an event with its data", {"event": "reply_heard", "data": {"interrupted": False}}, True),
    ("an event with other data", {"event": "reply_heard", "data": {"interrupted": True}}, False),
    ("an event doesn't follow itself", {"event": "first_sound", "after": "first_sound"}, False),
    ("so many", {"event": "floor", "count": 4}, True),
    ("not so many", {"event": "floor", "count": 3}, False),
    ("at least", {"event": "floor", "at_least": 5}, False),
    ("at most", {"event": "floor", "at_most": 4}, True),
    ("at most, none of it", {"event": "interrupted", "at_most": 1}, True),
    ("more than at most", {"event": "floor", "at_most": 3}, False),
    ("absent, and it isn't there", {"event": "interrupted", "absent": True}, True),
    ("absent, and it is there", {"event": "first_sound", "absent": True}, False),
    ("absent in a stretch before it", {"event": "first_sound", "absent": True, "within": 2.9}, True),
    ("the floor is taken", {"floor": "agent", "after": "hello.end", "within": 1.0}, True),
    ("the floor is held already", {"floor": "agent", "after": "first_sound", "from": 1, "within": 2}, True),
    ("the floor is held throughout", {"floor": "agent", "throughout": True, "from": 3, "within": 6}, True),
    ("the floor is lost meanwhile", {"floor": "agent", "throughout": True, "from": 3, "within": 7}, False),
    ("nobody at the beginning", {"floor": "nobody", "throughout": True, "within": 1.0}, True),
    ("it sounds on through a breath", {"sound": True, "throughout": True, "from": 3, "within": 6}, True),
    ("it falls silent", {"sound": False, "after": "first_sound", "within": 3.1}, True),
    ("it isn't silent yet", {"sound": False, "after": "first_sound", "within": 2.5}, False),
    ("words over two clauses", {"agent_says": "good MORNING"}, True),
    ("a part of a word is no word", {"agent_says": "morn"}, False),
    ("one of several", {"user_heard": ["goodbye", "hello there"]}, True),
    ("what was heard", {"agent_heard": "good morning", "count": 1}, True),
    ("a reply counts once", {"agent_says": "good", "count": 1}, True),
]


@pytest.mark.parametrize(("wanted", "passed"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_an_expectation_is_judged(wanted, passed):
    scenario = Scenario(name="x", length=10, expect=[Expectation.model_validate(wanted)])
    verdict, rules = judge(scenario, account(), "real")
    assert verdict.passed is passed, verdict
    assert rules.passed, rules


def test_what_is_expected_of_another_run_is_left_out():
    scenario = Scenario(name="x", length=10, expect=[Expectation(event="interrupted", runs=("scripted",))])
    assert [verdict.passed for verdict in judge(scenario, account(), "real")] == [True]
    assert [verdict.passed for verdict in judge(scenario, account(), "scripted")] == [False, True]


PROBLEM = Event(pts=9, t=1, type="problem", generation=1, data={"message": "oh"})


def broken(change) -> list[str]:
    story = account()
    change(story.recording)
    return broken_rules(story.recording)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r.frames.pop(10), "packet 10 has pts 11"),
        (lambda r: r.frames[5].motion.__setitem__(3, np.nan), "61 finite numbers"),
        (lambda r: r.frames[5].pcm.__setitem__(3, np.inf), "finite samples"),
        (lambda r: object.__setattr__(r.frames[100], "generation", 0), "generation 0 after 1"),
        (lambda r: object.__setattr__(r.frames[200], "speech", True), "while nobody holds the floor"),
        (
            lambda r: r.events.append(Event(pts=120, t=4.8, type="interrupted", generation=1)),
            "generation 1 is heard after it was cut",
        ),
        (
            lambda r: r.events.append(PROBLEM),
            "oh",
        ),
    ],
    ids=["a lost frame", "a broken face", "broken sound", "an old generation", "sound without the floor",
         "sound after the cut", "an internal error"],
)  # fmt: skip
def test_a_broken_rule_is_found(change, said):
    assert broken(lambda recording: None) == []
    assert any(said in found for found in broken(change))
