"""How much of the sky each point of a head sees: soft shadows, measured once with the face at rest."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray

Mask = NDArray[np.bool_]

CELL: Final = 0.005  # metres: side of a column in which only the foremost point is lit
BIAS: Final = 0.007  # metres behind the foremost point that still count as lit
DIRECTIONS: Final = 96
SPREAD: Final = 0.22  # how soft a lamp's shadow is: spread of its rays, as a share of their length


def sky(points: FloatArray, normals: FloatArray, solid: Mask) -> FloatArray:
    """Share 0..1 (N,) of the light of an even sky that reaches ``points`` (N, 3), metres, past those that are
    ``solid`` (N,).
    """
    index = np.arange(DIRECTIONS)
    height = 1 - 2 * (index + 0.5) / DIRECTIONS  # an even spiral round the sphere
    angle = index * np.pi * (3 - np.sqrt(5))
    ring = np.sqrt(1 - height**2)
    rays = np.stack((ring * np.cos(angle), height, ring * np.sin(angle)), axis=1)
    return _share(points, normals, rays, solid)


def lamp(points: FloatArray, direction: FloatArray, solid: Mask, seed: int = 0) -> FloatArray:
    """Share 0..1 (N,) of a lamp's light that reaches ``points``; ``direction`` (3,) leads to the lamp."""
    rng = np.random.default_rng(seed)
    rays = direction / np.linalg.norm(direction) + SPREAD * rng.standard_normal((24, 3))
    return _share(points, None, rays / np.linalg.norm(rays, axis=1, keepdims=True), solid)


def _share(points: FloatArray, normals: FloatArray | None, rays: FloatArray, solid: Mask) -> FloatArray:
    lit = np.zeros(len(points))
    due = np.full(len(points), 1e-9)
    for ray in rays:
        side = np.cross(ray, (0.31, 0.17, 0.93))
        side /= np.linalg.norm(side)
        across = np.floor(points @ np.stack((side, np.cross(ray, side)), axis=1) / CELL).astype(np.int64)
        across -= across.min(axis=0)
        column = across[:, 0] * (across[:, 1].max() + 1) + across[:, 1]
        depth = points @ ray
        foremost = np.full(int(column.max()) + 1, -np.inf)
        np.maximum.at(foremost, column[solid], depth[solid])
        weight = np.maximum(normals @ ray, 0) if normals is not None else np.ones(len(points))
        lit += weight * (depth > foremost[column] - BIAS)
        due += weight
    return np.asarray(lit / due, dtype=np.float32)
