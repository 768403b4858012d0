"""When an engine that failed is asked again."""

from __future__ import annotations

import pytest

from orchestration.fallback.circuit import Circuit, CircuitLimits


class Watch:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def played(*steps: tuple[float, str]) -> tuple[Circuit, Watch]:
    """A circuit after calls at those times that ended like that (failed, worked, abandoned)."""
    watch = Watch()
    circuit = Circuit(CircuitLimits(retry_after=10, longest=60), watch)
    for time, outcome in steps:
        watch.time = time
        attempt = circuit.begin()
        {"failed": attempt.failed, "worked": attempt.worked, "abandoned": attempt.abandon}[outcome]()
    return circuit, watch


@pytest.mark.parametrize(
    ("steps", "at", "admits"),
    [
        pytest.param([], 0, True, id="a new engine is asked"),
        pytest.param([(0, "failed")], 9.9, False, id="one that failed is passed over"),
        pytest.param([(0, "failed")], 10, True, id="and tried again after its time"),
        pytest.param([(0, "failed"), (10, "failed")], 29.9, False, id="a second failure doubles the time"),
        pytest.param([(0, "failed"), (10, "failed")], 30, True, id="which ends as well"),
        pytest.param(
            [(0, "failed"), (10, "failed"), (30, "failed"), (70, "failed"), (130, "failed")],
            190,
            True,
            id="the doubling stops at its limit",
        ),
        pytest.param([(0, "failed"), (10, "worked")], 10, True, id="one that recovered is asked at once"),
        pytest.param(
            [(0, "failed"), (10, "failed"), (30, "worked"), (31, "failed")],
            41,
            True,
            id="and begins with the short time again",
        ),
        pytest.param(
            [(0, "failed"), (10, "abandoned")], 10, True, id="a trial that was given up tells nothing"
        ),
        pytest.param(
            [(0, "failed"), (5, "failed")], 10, True, id="a call for want of others extends nothing"
        ),
        pytest.param([(0, "failed"), (5, "worked")], 5, True, id="but its success counts"),
    ],
)
def test_an_engine_is_asked(steps: list[tuple[float, str]], at: float, admits: bool) -> None:
    circuit, watch = played(*steps)
    watch.time = at
    assert circuit.admits is admits


def test_only_one_call_at_a_time_tries_an_engine_that_failed() -> None:
    circuit, watch = played((0, "failed"))
    watch.time = 10
    trial = circuit.begin()
    assert not circuit.admits
    assert trial.worked()
    assert circuit.admits


def test_calls_that_fail_together_count_as_one_failure() -> None:
    circuit, watch = played()
    attempts = [circuit.begin() for _ in range(4)]
    for attempt in attempts:
        attempt.failed()
    watch.time = 10
    assert circuit.admits


def test_a_call_that_breaks_after_a_good_beginning_has_failed() -> None:
    circuit, watch = played((0, "failed"))
    watch.time = 10
    trial = circuit.begin()
    trial.worked()
    trial.failed()
    assert not circuit.admits


def test_recovery_is_news_once() -> None:
    circuit, watch = played((0, "failed"))
    watch.time = 10
    trial = circuit.begin()
    assert [trial.worked(), trial.worked(), circuit.begin().worked()] == [True, False, False]
