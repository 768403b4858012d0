"""Confidence by resampling whole clusters (prompts, turns), since what lies within one isn't independent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SAMPLES = 1000
SEED = 20_230  # one for all rows: equal clusters are resampled equally, so differences are paired


def weights(clusters: int, samples: int = SAMPLES) -> Array:
    """How often each of ``clusters`` is drawn in each resample, (samples, clusters)."""
    if clusters < 1:
        raise ValueError(f"there is nothing to resample: {clusters} clusters")
    rng = np.random.default_rng(SEED)
    return rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=samples).astype(np.float64)


def ratio(numerators: Array, denominators: Array) -> Array:
    """Resampled values of sum(numerators) / sum(denominators), both (clusters,); resamples without a
    denominator are left out.
    """
    drawn = weights(len(numerators))
    below = drawn @ denominators
    return np.asarray((drawn @ numerators)[below > 0] / below[below > 0])


def by_cluster(values: Array, clusters: NDArray[np.intp], count: int) -> Array:
    """Sums of ``values`` (n,) within each of ``count`` clusters."""
    return np.bincount(clusters, weights=values, minlength=count).astype(np.float64)


def interval(samples: Array, confidence: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrapped values."""
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(samples, [tail, 100 - tail])
    return float(low), float(high)


def block_sums(a: Array, b: Array, where: NDArray[np.bool_], block: int) -> Array:
    """What a correlation of two curves (T,) is made of, for each block of frames, (blocks, 6): count, sums,
    sums of squares, sum of products, over frames where ``where`` (T,) is true.
    """
    columns = np.stack([np.ones_like(a), a, b, a * a, b * b, a * b], axis=1) * where[:, None]
    return np.add.reduceat(columns, np.arange(0, len(a), block), axis=0)


def correlation(sums: Array) -> Array:
    """Correlations from sums (..., 6) as ``block_sums`` gives them; 0 where either curve is constant."""
    n, a, b, aa, bb, ab = np.moveaxis(np.asarray(sums), -1, 0)
    spread = (n * aa - a * a) * (n * bb - b * b)
    return np.asarray(np.where(spread > 1e-12, (n * ab - a * b) / np.sqrt(np.maximum(spread, 1e-12)), 0.0))
