"""All measures of one clip, for expression, jaw and pose, also with each clip's mean taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from avatar.evaluation.clusters import CLUSTERS, PoseClusters
from avatar.evaluation.correlation import residual_correlation
from avatar.evaluation.dynamics import (
    diversity,
    mean_squared_error,
    short_time_series_distance,
    variance,
    variance_ratio,
)  # fmt: skip
from avatar.evaluation.frechet import frechet_distance, paired_frechet_distance
from avatar.evaluation.parts import FLAME_COLUMNS, PARTS, Values, frames_of, same_length

Scores = dict[str, dict[str, float]]
"""Metric, part, value; a metric that needs the partner's motion is absent where that isn't known."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure: what it is called, what a good value is, and papers' factors (exp, jaw, pose)."""

    title: str
    best: Literal["low", "high", "one", "as truth"]
    factors: tuple[float, float, float] = (1.0, 1.0, 1.0)


_FD_FACTORS, _MSE_FACTORS = (1.0, 1e3, 1e2), (10.0, 1e3, 1e2)
METRICS: Final[dict[str, Metric]] = {
    "fd": Metric("FD", "low", _FD_FACTORS),
    "fd_mean_removed": Metric("FD, mean removed", "low", _FD_FACTORS),
    "p_fd": Metric("P-FD", "low", _FD_FACTORS),
    "p_fd_mean_removed": Metric("P-FD, mean removed", "low", _FD_FACTORS),
    "mse": Metric("MSE", "low", _MSE_FACTORS),
    "mse_mean_removed": Metric("MSE, mean removed", "low", _MSE_FACTORS),
    "sid": Metric("SID, bits", "high"),
    "sid_mean_removed": Metric("SID, mean removed", "high"),
    "sid_swapped": Metric("SID the other way", "high"),
    "sid_swapped_mean_removed": Metric("SID the other way, mean removed", "high"),
    "rpcc": Metric("rPCC", "low", (1e2, 1e2, 1e2)),
    "rpcc_mean_removed": Metric("rPCC, mean removed", "low", (1e2, 1e2, 1e2)),
    "sts": Metric("STS", "low"),
    "diversity": Metric("diversity", "as truth"),
    "variance": Metric("variance", "as truth", _MSE_FACTORS),
    "variance_ratio": Metric("variance ratio", "one"),
}
"""Every measure, in the order of tables. STS, diversity and variance don't see the mean."""


class ClipScorer:
    """Scores any number of predictions of one clip against its truth and the partner's motion, both (T, 56).

    Clusters are fitted on the truth once. Raises ``EvaluationError`` for motion of other shapes, fewer than 2
    frames, or numbers that aren't finite.
    """

    def __init__(
        self,
        truth: NDArray[np.floating[Any]],
        partner: NDArray[np.floating[Any]] | None = None,
        seed: int = 0,
    ) -> None:
        self.seed = seed
        self._truth = frames_of(truth, "true", FLAME_COLUMNS)
        self._partner = None if partner is None else frames_of(partner, "partner's", FLAME_COLUMNS)
        if self._partner is not None:
            same_length(("true", self._truth), ("partner's", self._partner))
        self._clusters = {
            part: PoseClusters(self._truth[:, columns], CLUSTERS[part], seed)
            for part, columns in PARTS.items()
        }

    def score(self, predicted: NDArray[np.floating[Any]]) -> Scores:
        """Every metric of ``METRICS`` for a prediction (T, 56) of the same length; see ``Scores``."""
        motion = frames_of(predicted, "predicted", FLAME_COLUMNS)
        same_length(("true", self._truth), ("predicted", motion))
        scores: Scores = {}
        for part, columns in PARTS.items():
            partner = None if self._partner is None else self._partner[:, columns]
            for metric, value in self._part(part, motion[:, columns], self._truth[:, columns], partner):
                scores.setdefault(metric, {})[part] = value
        return {metric: scores[metric] for metric in METRICS if metric in scores}

    def _part(
        self, part: str, predicted: Values, truth: Values, partner: Values | None
    ) -> list[tuple[str, float]]:
        own = PoseClusters(predicted, CLUSTERS[part], self.seed)
        clusters = self._clusters[part]
        # Without either mean is the same as with the truth's, since clusters move with their frames.
        offset = truth.mean(axis=0) - predicted.mean(axis=0)
        centred, centred_truth = predicted - predicted.mean(axis=0), truth - truth.mean(axis=0)
        found = [
            ("fd", frechet_distance(predicted, truth)),
            ("fd_mean_removed", frechet_distance(centred, centred_truth)),
            ("mse", mean_squared_error(predicted, truth)),
            ("mse_mean_removed", mean_squared_error(centred, centred_truth)),
            ("sid", clusters.entropy(predicted)),
            ("sid_mean_removed", clusters.entropy(predicted + offset)),
            ("sid_swapped", own.entropy(truth)),
            ("sid_swapped_mean_removed", own.entropy(truth - offset)),
            ("sts", short_time_series_distance(predicted, truth)),
            ("diversity", diversity(predicted)),
            ("variance", variance(predicted)),
            ("variance_ratio", variance_ratio(predicted, truth)),
        ]
        if partner is not None:
            theirs = partner - partner.mean(axis=0)
            found += [
                ("p_fd", paired_frechet_distance(predicted, truth, partner)),
                ("p_fd_mean_removed", paired_frechet_distance(centred, centred_truth, theirs)),
                ("rpcc", residual_correlation(predicted, truth, partner)),
                ("rpcc_mean_removed", residual_correlation(centred, centred_truth, theirs)),
            ]
        return found
