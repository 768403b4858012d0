"""Does the predicted face go with its partner's as the true face does?"""

from __future__ import annotations

import numpy as np

from avatar.evaluation.parts import Values, same_length


def pearson(a: Values, b: Values) -> float:
    """Pearson correlation of all numbers of two equally shaped arrays, -1..1; 0 where one is constant."""
    x, y = (values.ravel() - values.mean() for values in (a, b))
    scale = float(np.linalg.norm(x) * np.linalg.norm(y))
    # below this, what is left of a constant after its mean is gone is rounding
    constant = any(
        np.linalg.norm(part) <= 1e-12 * max(1.0, float(np.linalg.norm(whole)))
        for part, whole in ((x, a), (y, b))
    )
    return 0.0 if constant or scale == 0.0 else float(np.clip(x @ y / scale, -1.0, 1.0))


def residual_correlation(predicted: Values, truth: Values, partner: Values) -> float:
    """Residual Pearson correlation, ``|pcc(truth, partner) - pcc(predicted, partner)|``, 0..2 (rPCC).

    All (T, d), flattened: frames and columns count alike. Raises ``EvaluationError`` for unequal lengths.
    """
    same_length(("predicted", predicted), ("true", truth), ("partner's", partner))
    return abs(pearson(truth, partner) - pearson(predicted, partner))
