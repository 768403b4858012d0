"""Frechet distance: hand-computed Gaussians, singular ones, and what must not change it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from scipy.stats import special_ortho_group

from avatar.evaluation import EvaluationError
from avatar.evaluation.frechet import frechet_distance, paired_frechet_distance

Frames = NDArray[np.float64]


def column(*values: float) -> Frames:
    return np.array(values)[:, None]


def cloud(seed: int, frames: int = 30, columns: int = 4) -> Frames:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=(frames, columns)) @ rng.normal(size=(columns, columns)) + rng.normal())


seeds = st.integers(0, 10_000)


def test_two_gaussians_on_a_line_are_as_far_apart_as_by_hand() -> None:
    # means 1 and 5, sample variances 2 and 8: (1 - 5)^2 + (sqrt 2 - sqrt 8)^2 = 16 + 2
    assert frechet_distance(column(0, 2), column(3, 7)) == pytest.approx(18)


def test_gaussians_in_the_plane_with_equal_axes_add_up_their_axes() -> None:
    a = np.array([[1, 0], [-1, 0], [0, 2], [0, -2]], dtype=float)
    b = np.array([[2, 1], [-2, 1], [0, 7], [0, -5]], dtype=float)
    # variances 2/3, 8/3 against 8/3, 24: sum of squared differences of deviations, and the mean's 1
    by_hand = (np.sqrt(2 / 3) - np.sqrt(8 / 3)) ** 2 + (np.sqrt(8 / 3) - np.sqrt(24)) ** 2 + 1
    assert frechet_distance(a, b) == pytest.approx(by_hand)


def test_singular_clouds_on_different_axes_share_nothing() -> None:
    along_x = np.array([[1.0, 0.0], [-1.0, 0.0]])  # variance 2
    along_y = np.array([[0.0, 2.0], [0.0, -2.0]])  # variance 8
    assert frechet_distance(along_x, along_y) == pytest.approx(10)


def test_a_frozen_face_is_as_far_off_as_the_truth_varies() -> None:
    truth = cloud(3, 40, 6)
    frozen = np.tile(truth.mean(axis=0), (40, 1))
    assert frechet_distance(frozen, truth) == pytest.approx(np.trace(np.cov(truth.T)))


def test_fewer_frames_than_columns_are_no_obstacle() -> None:
    few, other = cloud(1, 3, 50), cloud(2, 4, 50)
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-9 * np.trace(np.cov(few.T)))
    regularised = sqrtm(np.cov(few.T) @ np.cov(other.T) + 1e-12 * np.eye(50)).real
    expected = np.square(few.mean(axis=0) - other.mean(axis=0)).sum() + np.trace(
        np.cov(few.T) + np.cov(other.T) - 2 * regularised
    )
    assert frechet_distance(few, other) == pytest.approx(expected, rel=1e-3)


def test_it_is_the_formula_with_a_matrix_root_where_that_exists() -> None:
    a, b = cloud(5), cloud(6)
    covariances = np.cov(a.T), np.cov(b.T)
    formula = np.square(a.mean(axis=0) - b.mean(axis=0)).sum() + np.trace(
        covariances[0] + covariances[1] - 2 * sqrtm(covariances[0] @ covariances[1]).real
    )
    assert frechet_distance(a, b) == pytest.approx(formula, rel=1e-9)


@settings(deadline=None, max_examples=40)
@given(seeds, seeds)
def test_it_is_symmetric_not_negative_and_zero_for_the_same_cloud(one: int, two: int) -> None:
    a, b = cloud(one), cloud(two)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9, abs=1e-9)
    assert frechet_distance(a, b) >= 0
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-10 * (1 + np.trace(np.cov(a.T))))


@settings(deadline=None, max_examples=40)
@given(seeds, seeds, st.floats(0.01, 100))
def test_moving_turning_and_reordering_both_change_nothing_and_scaling_squares(
    one: int, two: int, factor: float
) -> None:
    a, b = cloud(one), cloud(two)
    distance = frechet_distance(a, b)
    turn = special_ortho_group.rvs(4, random_state=one)
    order = np.random.default_rng(two).permutation(len(a))
    assert frechet_distance(a @ turn + 3, (b @ turn + 3)[order]) == pytest.approx(
        distance, rel=1e-7, abs=1e-9
    )
    assert frechet_distance(factor * a, factor * b) == pytest.approx(factor**2 * distance, rel=1e-7, abs=1e-9)


def test_paired_distance_sees_who_moves_against_the_partner() -> None:
    partner = column(-1, 1)
    # both faces have the same frames, so FD is 0; together with the partner one lies on x = y, one on x = -y:
    # tr [[2, 2], [2, 2]] + tr [[2, -2], [-2, 2]] = 8
    assert frechet_distance(-partner, partner) == pytest.approx(0)
    assert paired_frechet_distance(-partner, partner, partner) == pytest.approx(8)


@pytest.mark.parametrize(
    ("motion", "said"),
    [
        (np.zeros((1, 3)), "at least 2"),
        (np.full((4, 3), np.nan), "frame 0, column 0"),
        (np.zeros(3), "shape"),
    ],
)
def test_motion_that_has_no_covariance_is_refused(motion: Frames, said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        frechet_distance(motion, np.zeros((4, 3)))


def test_unequal_lengths_are_refused_where_frames_are_paired() -> None:
    with pytest.raises(EvaluationError, match="3 frames and predicted motion 2"):
        paired_frechet_distance(np.zeros((2, 1)), np.zeros((3, 1)), np.zeros((2, 1)))
