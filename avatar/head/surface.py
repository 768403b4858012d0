"""Surfaces of quads: normals, Catmull-Clark subdivision, and cutting by vertex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse

from avatar.animator import FloatArray
from avatar.head.source import IntArray, Points


def triangles(quads: IntArray) -> IntArray:
    """The (2 F, 3) triangles of (F, 4) quads."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


class Shading:
    """Normals of a surface of (M, 3) triangles over ``count`` vertices, however they move."""

    def __init__(self, faces: IntArray, count: int) -> None:
        self._faces = faces
        ones = np.ones(faces.size, dtype=np.float32)
        rows = np.arange(len(faces)).repeat(3)
        self._around: sparse.csr_matrix = sparse.csr_matrix(
            (ones, (faces.ravel(), rows)), shape=(count, len(faces))
        )

    def normals(self, vertices: Points) -> FloatArray:
        """Unit normals (N, 3), each the mean of its triangles' weighted by their area."""
        first, second, third = (vertices[self._faces[:, corner]] for corner in range(3))
        summed = np.asarray(self._around @ np.cross(second - first, third - first))
        lengths = np.linalg.norm(summed, axis=1, keepdims=True)
        return (summed / np.where(lengths > 0, lengths, 1)).astype(np.float32)

    def smoothed(self, values: Points, rounds: int) -> FloatArray:
        """Values (N,) or (N, channels), brought ``rounds`` times to the mean round each vertex."""
        count = np.maximum(np.asarray(self._around.sum(axis=1)).ravel(), 1)
        mean = sparse.diags(1 / (3 * count)) @ self._around
        for _ in range(rounds):
            values = np.asarray(mean @ (self._around.T @ values))
        return np.asarray(values, dtype=np.float32)

    def hollowness(self, vertices: Points, normals: Points) -> FloatArray:
        """How far a vertex's neighbours rise above it, as a share of their distance: folds > 0. (N,)."""
        sides = np.concatenate([self._faces[:, [0, 1]], self._faces[:, [1, 2]], self._faces[:, [2, 0]]])
        shape = (len(vertices), len(vertices))
        beside = sparse.csr_matrix((np.ones(len(sides)), (sides[:, 0], sides[:, 1])), shape=shape)
        count = np.maximum(np.asarray(beside.sum(axis=1)), 1)
        towards = np.asarray(beside @ vertices) / count - vertices
        spread = np.linalg.norm(vertices[sides[:, 0]] - vertices[sides[:, 1]], axis=1)
        mean = np.bincount(sides[:, 0], spread, len(vertices)) / count[:, 0]
        return np.asarray((towards * normals).sum(axis=1) / np.maximum(mean, 1e-6), dtype=np.float32)


def compact(quads: IntArray) -> tuple[IntArray, IntArray]:
    """The vertices that ``quads`` use, and the quads by their place among these."""
    used, places = np.unique(quads, return_inverse=True)
    return used, places.reshape(quads.shape)


@dataclass(frozen=True)
class Subdivision:
    """One step of Catmull and Clark (1978): ``weights`` (new, old) also takes offsets."""

    weights: sparse.csr_matrix
    quads: IntArray

    def __call__(self, values: Points) -> FloatArray:
        """Values (old, channels) carried to the new vertices."""
        return np.asarray(self.weights @ values, dtype=np.float32)


def subdivide(quads: IntArray, count: int) -> Subdivision:
    """The subdivision of (F, 4) quads over ``count`` vertices; borders stay smooth curves of their own."""
    faces = np.arange(len(quads))
    sides = np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2)
    edges, edge_of = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True)
    edge_of = edge_of.reshape(quads.shape)
    owners = np.repeat(faces, 4)
    ends = np.repeat(np.arange(len(edges)), 2)

    centres = _matrix(0.25, owners, quads.ravel(), (len(quads), count))
    middles = _matrix(0.5, ends, edges.ravel(), (len(edges), count))
    beside = _matrix(1.0, edge_of.ravel(), owners, (len(edges), len(quads)))
    inner = np.asarray(beside.sum(axis=1)).ravel() == 2
    edge_points = (
        sparse.diags(np.where(inner, 0.5, 1.0)) @ middles
        + sparse.diags(np.where(inner, 0.25, 0.0)) @ beside @ centres
    )

    around = _matrix(1.0, quads.ravel(), owners, (count, len(quads)))
    spokes = _matrix(1.0, edges.ravel(), ends, (count, len(edges)))
    valence = np.maximum(np.asarray(around.sum(axis=1)).ravel(), 1)
    degree = np.maximum(np.asarray(spokes.sum(axis=1)).ravel(), 1)
    border = edges[~inner]
    on_border = np.zeros(count, dtype=bool)
    on_border[border.ravel()] = True
    vertex_points = (
        sparse.diags(np.where(on_border, 0.75, (valence - 3) / valence))
        + sparse.diags(np.where(on_border, 0, 1 / valence**2)) @ around @ centres
        + sparse.diags(np.where(on_border, 0, 2 / (valence * degree))) @ spokes @ middles
        + _matrix(0.125, border.ravel(), border[:, ::-1].ravel(), (count, count))
    )

    first_edge, first_centre = count, count + len(edges)
    pieces = [
        np.stack(
            [
                quads[:, corner],
                first_edge + edge_of[:, corner],
                first_centre + faces,
                first_edge + edge_of[:, corner - 1],
            ],
            axis=1,
        )
        for corner in range(4)
    ]
    weights = sparse.vstack([vertex_points, edge_points, centres]).tocsr()
    return Subdivision(weights, np.concatenate(pieces))


def _matrix(value: float, rows: IntArray, columns: IntArray, shape: tuple[int, int]) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.full(len(rows), value), (rows, columns)), shape=shape)
