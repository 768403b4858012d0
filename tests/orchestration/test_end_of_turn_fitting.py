"""Replaying pauses and learning from them, on made-up pauses whose answers are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.turn_taking.end_of_turn import Evidence, FusedPolicy, SmartTurnPolicy
from orchestration.turn_bench.fitting import Timing, decided, delay_of, fit, replay, stages, usable
from orchestration.turn_bench.pauses import Pause, read_pauses, write_pauses
from orchestration.turn_bench.waiting import SENTENCES, Judged, choose_waits, delays

FEW = (0.8, 0.65, 0.5, 0.35, 0.25)  # chances at which there are waits
TIMING = Timing(smart_turn=0.12, text=0.3, ending=0.42)


def pause(silence: float | None, smart_turn: float = 0.9, text: str = "A sentence.", **changes) -> Pause:
    whole = Pause(
        case="prompt-1",
        kind="pause",
        column="human",
        silence=silence,
        late=0.08,
        smart_turn=smart_turn,
        pitch_rank=0.1,
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


@pytest.mark.parametrize(
    ("asks", "unsure", "sure"),
    [
        pytest.param("never", 1.6, 0.4, id="never: the words' own wait"),
        pytest.param("when_unsure", 0.52, 0.4, id="when unsure: only where the words ask for a long wait"),
        pytest.param("always", 0.52, 0.4, id="always: too late for a wait that is over"),
    ],
)
def test_a_replay_asks_the_language_model_when_a_session_would(asks, unsure: float, sure: float) -> None:
    class Waits:
        def probability(self, evidence: Evidence) -> float:
            return 0.5

        def needed_silence(self, evidence: Evidence) -> float:
            if evidence.ending is not None:
                return 0.3
            return 0.4 if evidence.text == "Sure." else 1.6

    assert delay_of(pause(None, text="Hm."), Waits(), TIMING, asks) == pytest.approx(unsure)
    assert delay_of(pause(None, text="Sure."), Waits(), TIMING, asks) == pytest.approx(sure)


def judged(silences: list[float | None], chances: list[float]) -> Judged:
    """Sentences whose end is as likely as told, whatever is known of them."""
    pauses = [pause(silence) for silence in silences]
    odds = np.repeat(np.log(np.array(chances) / (1 - np.array(chances)))[:, None], 4, axis=1)
    return Judged.of(pauses, np.tile([0.08, 0.2, 0.38, 0.5], (len(pauses), 1)), odds)


def test_the_waits_that_are_chosen_are_quick_where_it_is_an_end_and_bear_the_pauses() -> None:
    known = judged([None] * 20 + [1.2] * 20, [0.9] * 20 + [0.2] * 20)
    delay = delays(known, choose_waits(known, FEW))
    assert (delay[:20] <= 0.41).all() and (delay[20:] >= 1.2).all()


def test_what_cannot_be_told_apart_is_waited_for_rather_than_taken_over() -> None:
    known = judged([None] * 10 + [0.8] * 10, [0.6] * 20)
    assert (delays(known, choose_waits(known, FEW)) >= 0.8).all()


def test_the_end_of_a_fragment_is_neither_an_end_nor_a_pause() -> None:
    assert not usable(pause(None, case="is-set-to-3"))
    assert usable(pause(1.0, case="is-set-to-3"))
    assert usable(pause(None))


def test_pauses_survive_being_written(tmp_path: Path) -> None:
    kept = [pause(None, pitch_rank=None), pause(0.36)]
    write_pauses(kept, tmp_path / "pauses.jsonl")
    assert read_pauses(tmp_path / "pauses.jsonl") == kept


def test_what_tells_ends_from_pauses_is_learnt() -> None:
    rng = np.random.default_rng(5)
    pauses = [
        pause(
            None if over else 1.0,
            smart_turn=float(np.clip(rng.normal(0.8 if over else 0.3, 0.2), 0.01, 0.99)),
            text="Please open the door." if over else "Please open the",
            case=f"prompt{index}",
        )
        for index, over in enumerate(rng.random(80) < 0.5)
    ]
    learnt = fit(pauses, TIMING, chances=FEW)
    assert learnt.features["smart_turn"] > 0 > learnt.features["function_word"]
    outcome = replay(pauses, FusedPolicy(weights=learnt), TIMING)
    assert outcome.taken_over <= SENTENCES and outcome.median <= 0.5
