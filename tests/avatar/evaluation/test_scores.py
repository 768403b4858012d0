"""The other measures by hand, and what all of them say of faces whose score is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from avatar.evaluation import METRICS, PARTS, ClipScorer, EvaluationError
from avatar.evaluation.clusters import PoseClusters
from avatar.evaluation.correlation import pearson, residual_correlation
from avatar.evaluation.dynamics import (
    diversity,
    mean_squared_error,
    short_time_series_distance,
    variance,
    variance_ratio,
)

Frames = NDArray[np.float64]


def column(*values: float) -> Frames:
    return np.array(values)[:, None]


def motion(seed: int, frames: int = 80) -> Frames:
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(size=(frames, 56)), axis=0) * 0.1
    return np.asarray(walk + rng.normal(size=56))


def test_mean_squared_error_by_hand() -> None:
    assert mean_squared_error(np.zeros((2, 2)), np.array([[1.0, 3.0], [1.0, 1.0]])) == pytest.approx(3)


def test_short_time_series_distance_by_hand() -> None:
    # changes 1 and 2 where the truth has none: sqrt((1 + 4) / .1)
    assert short_time_series_distance(column(0, 1, 3), column(5, 5, 5)) == pytest.approx(math.sqrt(50))


def test_diversity_variance_and_their_ratio_by_hand() -> None:
    assert diversity(column(0, 3, 4)) == pytest.approx(8 / 3)  # distances 3, 4 and 1
    assert variance(np.array([[0.0, 0.0], [2.0, 4.0]])) == pytest.approx(2.5)  # 1 and 4
    assert variance_ratio(column(0, 1), column(3, 5)) == pytest.approx(0.25)
    assert math.isnan(variance_ratio(column(0, 1), column(2, 2)))


def test_diversity_of_an_hour_is_that_of_frames_taken_evenly() -> None:
    hour = np.linspace(0, 1, 90_000)[:, None]  # two points drawn from a line of length 1 are 1/3 apart
    assert diversity(hour) == pytest.approx(1 / 3, rel=1e-3)


def test_residual_correlation_by_hand() -> None:
    partner = column(1, 2, 3)
    assert residual_correlation(column(1, 3, 2), partner, partner) == pytest.approx(0.5)  # |1 - .5|
    assert residual_correlation(-partner, partner, partner) == pytest.approx(2)
    assert pearson(column(4, 4, 4), partner) == 0  # a constant goes with nothing


def test_occupancy_by_hand() -> None:
    poses = np.repeat(np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]]), 5, axis=0)
    clusters = PoseClusters(poses, 40)
    assert clusters.count == 4  # no more than there are different frames
    assert clusters.entropy(poses) == pytest.approx(2)  # four equally often
    assert clusters.entropy(poses[[0, 0, 5, 5]]) == pytest.approx(1)
    assert clusters.entropy(poses[[0, 0, 0, 5]]) == pytest.approx(0.811278, abs=1e-6)  # 3 : 1
    assert clusters.entropy(np.full((9, 2), 4.0)) == 0


def test_swapping_the_sides_of_sid_asks_another_question() -> None:
    still, lively = np.zeros((20, 56)), motion(1, 20)
    scores = ClipScorer(lively).score(still)
    assert scores["sid"]["exp"] == 0  # the still face visits one of the truth's poses
    assert scores["sid_swapped"]["exp"] == 0  # and has but one pose itself, nearest to everything
    scores = ClipScorer(still).score(lively)
    assert scores["sid"]["exp"] == 0
    assert scores["sid_swapped"]["exp"] == 0
    few = np.repeat(lively[:2], 10, axis=0)  # half of the time each of two poses
    scores = ClipScorer(lively).score(few)
    assert scores["sid"]["jaw"] == pytest.approx(1)
    by_two = PoseClusters(few[:, PARTS["jaw"]], 10).entropy(lively[:, PARTS["jaw"]])
    assert scores["sid_swapped"]["jaw"] == pytest.approx(by_two)


def test_the_truth_scores_perfectly() -> None:
    truth = motion(2)
    scores = ClipScorer(truth, motion(3)).score(truth)
    assert set(scores) == set(METRICS)
    for name in ("fd", "p_fd", "mse", "rpcc", "sts", "fd_mean_removed", "rpcc_mean_removed"):
        assert scores[name] == pytest.approx(dict.fromkeys(PARTS, 0.0), abs=1e-9), name
    assert scores["variance_ratio"] == pytest.approx(dict.fromkeys(PARTS, 1.0))
    assert scores["sid"] == scores["sid_swapped"]


def test_a_frozen_face_shows_what_it_is_only_in_the_ratio_and_the_diversity() -> None:
    truth = motion(4)
    frozen = np.tile(truth.mean(axis=0), (len(truth), 1))
    scores = ClipScorer(truth).score(frozen)
    for part, columns in PARTS.items():
        spread = np.trace(np.cov(truth[:, columns].T))
        assert scores["fd"][part] == pytest.approx(spread)
        assert scores["fd_mean_removed"][part] == pytest.approx(spread)  # nothing to gain from the mean
        assert scores["variance_ratio"][part] == pytest.approx(0, abs=1e-12)
        assert scores["diversity"][part] == pytest.approx(0, abs=1e-9)
        assert scores["sid"][part] == 0
    assert "p_fd" not in scores and "rpcc" not in scores  # the partner isn't known


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000), st.floats(-3, 3))
def test_what_has_its_mean_removed_doesnt_see_an_offset(seed: int, offset: float) -> None:
    truth, predicted, partner = motion(seed), motion(seed + 1), motion(seed + 2)
    scorer = ClipScorer(truth, partner)
    here, there = scorer.score(predicted), scorer.score(predicted + offset)
    for name in METRICS:
        if name.endswith("_mean_removed") and not name.startswith("sid"):
            assert there[name] == pytest.approx(here[name], rel=1e-6, abs=1e-9), name
    for name in ("sts", "diversity", "variance", "variance_ratio"):
        assert there[name] == pytest.approx(here[name], rel=1e-6, abs=1e-9), name
    moved = np.square(predicted.mean(axis=0) + offset - truth.mean(axis=0))
    for part, columns in PARTS.items():
        gained = there["fd"][part] - there["fd_mean_removed"][part]
        assert gained == pytest.approx(moved[columns].sum(), rel=1e-6, abs=1e-9)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000))
def test_the_order_of_frames_matters_only_where_changes_are_compared(seed: int) -> None:
    truth, predicted = motion(seed), motion(seed + 1)
    order = np.random.default_rng(seed).permutation(len(truth))
    here, there = ClipScorer(truth).score(predicted), ClipScorer(truth[order]).score(predicted[order])
    for name in ("fd", "mse", "diversity", "variance_ratio"):
        assert there[name] == pytest.approx(here[name], rel=1e-7), name
    assert there["sts"] != pytest.approx(here["sts"])


def test_wrong_motion_is_named() -> None:
    with pytest.raises(EvaluationError, match=r"true motion has shape \(5, 61\)"):
        ClipScorer(np.zeros((5, 61)))
    with pytest.raises(EvaluationError, match="predicted motion has 4 frames and true motion 5"):
        ClipScorer(np.zeros((5, 56))).score(np.zeros((4, 56)))
