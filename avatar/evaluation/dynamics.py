"""How much a motion moves, and whether its changes are those of the truth."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.spatial.distance import pdist

from avatar.evaluation.parts import Values, frames_of, same_length

STS_STEP: Final = 0.1  # the time step in the published figures' STS; it only scales them
PAIRED: Final = 4000  # frames, 160 s; their pairs take 64 MB
STILL: Final = 1e-14  # squared units: a variance below it is the rounding of a face that doesn't move


def mean_squared_error(predicted: Values, truth: Values) -> float:
    """Mean of the squared differences over frames and columns, both (T, d), in squared units."""
    same_length(("predicted", predicted), ("true", truth))
    return float(np.square(predicted - truth).mean())


def short_time_series_distance(predicted: Values, truth: Values) -> float:
    """Distance between two motions' changes from frame to frame, both (T, d); >= 0 (STS).

    ``sqrt(sum over columns and frames of (dx - dy)^2 / 0.1)``: the short time series distance of
    Moeller-Levet et al. (2003) as papers on listening faces compute it. It grows with the clip's length.
    """
    same_length(("predicted", predicted), ("true", truth))
    change = np.diff(predicted, axis=0) - np.diff(truth, axis=0)
    return float(np.sqrt(np.square(change).sum() / STS_STEP))


def diversity(motion: Values) -> float:
    """Mean Euclidean distance between two different frames of a motion (T, d).

    Taken over all pairs, where papers draw 100 pairs at random: the same mean without the chance. Of motion
    longer than 4,000 frames, as many are taken evenly, since pairs grow with the square.
    """
    values = frames_of(motion, "measured")
    if len(values) > PAIRED:
        values = values[np.linspace(0, len(values) - 1, PAIRED).round().astype(int)]
    return float(pdist(values).mean())


def variance(motion: Values) -> float:
    """Variance over time, averaged over columns, of a motion (T, d), in squared units."""
    return float(np.var(motion, axis=0).mean())


def variance_ratio(predicted: Values, truth: Values) -> float:
    """The prediction's variance over time divided by the truth's: 1 moves as much, 0 is a frozen face.

    NaN where the truth doesn't move, since then no ratio says anything.
    """
    true_variance = variance(truth)
    return variance(predicted) / true_variance if true_variance > STILL else float("nan")
