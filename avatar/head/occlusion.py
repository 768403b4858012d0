"""How much light from around reaches each point of a head: what is baked into its colours."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from avatar.animator import FloatArray
from avatar.gltf.model import Indices
from avatar.head.source import IntArray, Points

DIRECTIONS: Final = 144
CELL: Final = 0.0042  # metres: one cell of a direction's depth map
NEAR: Final = 0.0050  # metres within which a surface doesn't shade itself
WIDE: Final = 0.0042
ABOVE: Final = 0.55  # of the light's strength comes from above rather than from all around


def openness(points: Points, normals: Points, occluders: Points) -> Points:
    """The share (N,) of the light from all sides, more from above, that reaches ``points`` (N, 3).

    ``occluders`` (M, 3), metres, are samples of all surfaces, not much farther apart than ``CELL``.
    """
    reached, possible = np.zeros(len(points)), np.full(len(points), 1e-9)
    for index, towards in enumerate(_sphere(DIRECTIONS)):
        facing = np.maximum(normals @ towards, 0) * (1 - ABOVE + ABOVE * (1 + towards[1]))
        possible += facing
        across = np.cross(towards, [0.31, 0.17, 0.93])
        across /= np.linalg.norm(across)
        frame = np.stack([across, np.cross(towards, across)], axis=1)
        shift = 0.5 + 0.31 * np.array([index % 3 - 1, index // 3 % 3 - 1])
        depth = _nearest(occluders @ frame / CELL + shift, occluders @ towards, points @ frame / CELL + shift)
        reached += facing * (depth < points @ towards + NEAR)
    return np.asarray(reached / possible)


def _nearest(cells: Points, depths: Points, wanted: Points) -> Points:
    """The largest of ``depths`` (M,) in each of the cells of ``wanted`` (N, 2)."""
    low = np.floor(np.minimum(cells.min(axis=0), wanted.min(axis=0))).astype(np.int64)
    high = np.floor(np.maximum(cells.max(axis=0), wanted.max(axis=0))).astype(np.int64) + 1
    width = int(high[1] - low[1])
    table = np.full(int(high[0] - low[0]) * width, -np.inf)
    place = np.floor(cells).astype(np.int64) - low
    order = np.argsort(depths, kind="stable")  # of several writes to one cell the last, so the largest, stays
    table[place[order, 0] * width + place[order, 1]] = depths[order]
    asked = np.floor(wanted).astype(np.int64) - low
    return np.asarray(table[asked[:, 0] * width + asked[:, 1]])


def spread(light: Points, points: Points, normals: Points) -> FloatArray:
    """``light`` (N,) smoothed over ``WIDE`` metres of surfaces that face the same way."""
    far, nearest = cKDTree(points).query(points, k=28)
    alike = np.clip(np.einsum("nkc,nc->nk", normals[nearest], normals), 0, 1)
    weights = np.exp(-((far / WIDE) ** 2)) * alike
    weights /= weights.sum(axis=1, keepdims=True)
    for _ in range(9):
        light = (weights * light[nearest]).sum(axis=1)
    return np.asarray(light, dtype=np.float32)


def samples(vertices: Points, faces: IntArray | Indices) -> Points:
    """Points (N, 3) all over a surface of (M, 3) triangles, at most one in every cube of half a ``CELL``."""
    corners = vertices[faces]
    sides = (corners + np.roll(corners, 1, axis=1)).reshape(-1, 3) / 2
    points = np.concatenate([vertices, corners.mean(axis=1), sides])
    cubes = np.floor(points / (CELL / 2)).astype(np.int64) + 4096  # of heads, which are smaller than 8 metres
    _, first = np.unique((cubes[:, 0] << 40) | (cubes[:, 1] << 20) | cubes[:, 2], return_index=True)
    return np.asarray(points[first])


def _sphere(count: int) -> Points:
    """Directions (count, 3) spread evenly (a Fibonacci lattice)."""
    index = np.arange(count) + 0.5
    up = 1 - 2 * index / count
    turn = np.pi * (1 + 5**0.5) * index
    flat = np.sqrt(1 - up**2)
    return np.stack([flat * np.cos(turn), up, flat * np.sin(turn)], axis=1)
