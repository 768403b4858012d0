"""How many of the poses that people take a motion visits: the entropy of its k-means occupancy (SID)."""

from __future__ import annotations

from typing import Final

import numpy as np

from avatar.evaluation.parts import Values, frames_of

CLUSTERS: Final[dict[str, int]] = {"exp": 40, "jaw": 10, "pose": 10}
"""Clusters for each part, as in the DualTalk paper."""


class PoseClusters:
    """k-means centres of one motion's frames, (T, d).

    ``count`` centres, or as many as there are different frames if these are fewer; k-means++ seeds the
    centres once from ``seed``. Raises ``EvaluationError`` for motion that isn't (T, d) or isn't finite.
    """

    def __init__(self, frames: Values, count: int, seed: int = 0) -> None:
        from sklearn.cluster import KMeans  # slow to import, and much of this room gets by without it

        values = frames_of(frames, "clustered")
        different = len(np.unique(values, axis=0))
        self.count = min(count, different)
        self._fitted = KMeans(self.count, random_state=seed, n_init=1).fit(values)

    def entropy(self, frames: Values) -> float:
        """Entropy in bits of the share of ``frames`` (T, d) that lies nearest to each centre, 0..log2(count).

        Learning to Listen's SI for diversity (Ng et al. 2022), without its epsilon: an empty cluster adds 0.
        """
        nearest = self._fitted.predict(frames_of(frames, "assigned"))
        share = np.bincount(nearest, minlength=self.count) / len(nearest)
        share = share[share > 0]
        return float(max(-(share * np.log2(share)).sum(), 0.0))
