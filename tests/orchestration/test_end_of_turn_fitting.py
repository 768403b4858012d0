"""Replaying pauses and learning from them, on made-up pauses whose answers are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.turn_taking.end_of_turn import Evidence, FusedPolicy, SmartTurnPolicy
from orchestration.turn_bench.fitting import TAKEN_OVER, Timing, decided, fit, replay, stages, usable
from orchestration.turn_bench.pauses import Pause, read_pauses, write_pauses

TIMING = Timing(smart_turn=0.12, text=0.3, ending=0.42)


def pause(silence: float | None, smart_turn: float = 0.9, text: str = "A sentence.", **changes) -> Pause:
    whole = Pause(
        case="prompt-1",
        kind="pause",
        column="human",
        silence=silence,
        late=0.08,
        smart_turn=smart_turn,
        pitch_fall=3.0,
        energy_fall=5.0,
        voice=0.3,
        text=text,
        ending=0.3,
        smart_turn_seconds=0.1,
        text_seconds=0.3,
        ending_seconds=0.1,
    )
    return replace(whole, **changes)


@pytest.mark.parametrize(
    ("known", "delay"),
    [
        pytest.param([(0.08, 0.52)], 0.52, id="one wait"),
        pytest.param([(0.08, 1.0), (0.2, 0.24)], 0.24, id="later evidence shortens it"),
        pytest.param([(0.08, 1.0), (0.4, 0.24)], 0.4, id="but not to before it came"),
        pytest.param([(0.08, 0.2), (0.4, 3.0)], 0.2, id="evidence that comes too late changes nothing"),
        pytest.param([(0.08, 0.6), (0.4, 3.0)], 3.0, id="evidence in time lengthens it"),
        pytest.param([(0.08, 0.21)], 0.24, id="decisions fall on whole frames"),
    ],
)
def test_a_pause_ends_by_the_wait_that_holds_then(known: list[tuple[float, float]], delay: float) -> None:
    assert decided(known) == pytest.approx(delay)


def test_evidence_comes_in_its_order() -> None:
    since, known = zip(*stages(pause(None), TIMING, ending=True), strict=True)
    assert since == pytest.approx((0.08, 0.2, 0.38, 0.5))
    assert [one.smart_turn is not None for one in known] == [False, True, True, True]
    assert [one.text is not None for one in known] == [False, False, True, True]
    assert [one.ending is not None for one in known] == [False, False, False, True]
    assert known[0] == Evidence()


def test_a_replay_counts_what_was_taken_over_and_what_was_answered() -> None:
    pauses = [pause(1.0, 0.9), pause(1.0, 0.1), pause(None, 0.9), pause(None, 0.1)]
    outcome = replay(pauses, SmartTurnPolicy(), TIMING)
    assert (outcome.pauses, outcome.ends) == (2, 2)
    assert outcome.taken_over == 0.5
    assert outcome.median == pytest.approx((0.2 + 3.0) / 2)


def test_the_end_of_a_fragment_is_neither_an_end_nor_a_pause() -> None:
    assert not usable(pause(None, case="is-set-to-3"))
    assert usable(pause(1.0, case="is-set-to-3"))
    assert usable(pause(None))


def test_pauses_survive_being_written(tmp_path: Path) -> None:
    kept = [pause(None, pitch_fall=None), pause(0.36)]
    write_pauses(kept, tmp_path / "pauses.jsonl")
    assert read_pauses(tmp_path / "pauses.jsonl") == kept


def test_what_tells_ends_from_pauses_is_learnt() -> None:
    rng = np.random.default_rng(5)
    pauses = [
        pause(
            None if over else 1.0,
            smart_turn=float(np.clip(rng.normal(0.8 if over else 0.3, 0.2), 0.01, 0.99)),
            text="Please open the door." if over else "Please open the",
            case=f"prompt-{index}",
        )
        for index, over in enumerate(rng.random(80) < 0.5)
    ]
    learnt = fit(pauses, TIMING)
    assert learnt.features["smart_turn"] > 0 > learnt.features["function_word"]
    outcome = replay(pauses, FusedPolicy(weights=learnt), TIMING)
    assert outcome.taken_over <= TAKEN_OVER and outcome.median <= 0.5
