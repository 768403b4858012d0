"""Frechet distance between two stretches of motion, each seen as a Gaussian cloud of frames."""

from __future__ import annotations

import numpy as np

from avatar.evaluation.parts import Values, frames_of, same_length


def frechet_distance(predicted: Values, truth: Values) -> float:
    """Squared Frechet distance between Gaussians fitted to the frames of two motions (T, d), (U, d); >= 0.

    ``|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`` with sample covariances (n - 1), in squared units of the
    columns (Dowson & Landau 1982; FD of Ng et al., Learning to Listen, 2022). The trace of the root is the
    sum of the singular values of ``R1 R2^T``, where ``C = R^T R`` comes from the frames' QR decomposition: no
    root of a singular matrix is taken, so still columns and clips shorter than d frames are no special case.
    Raises ``EvaluationError`` for fewer than 2 frames or numbers that aren't finite.
    """
    a, b = frames_of(predicted, "predicted"), frames_of(truth, "true", np.shape(predicted)[1])
    root_a, root_b = _covariance_root(a), _covariance_root(b)
    shared = float(np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum())
    spread = float(np.square(root_a).sum() + np.square(root_b).sum())
    moved = float(np.square(a.mean(axis=0) - b.mean(axis=0)).sum())
    return moved + max(spread - 2 * shared, 0.0)  # the difference of two equal clouds may round below 0


def paired_frechet_distance(predicted: Values, truth: Values, partner: Values) -> float:
    """Frechet distance of [partner, self] frame by frame: also asks whether the two move together (P-FD).

    All are (T, d) over the same time. Raises ``EvaluationError`` as ``frechet_distance``, and for unequal
    lengths.
    """
    same_length(("predicted", predicted), ("true", truth), ("partner's", partner))
    return frechet_distance(np.hstack([partner, predicted]), np.hstack([partner, truth]))


def _covariance_root(frames: Values) -> Values:
    centred = (frames - frames.mean(axis=0)) / np.sqrt(len(frames) - 1)
    return np.asarray(np.linalg.qr(centred, mode="r"))
