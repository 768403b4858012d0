"""A surface that is subdivided only where it matters, without gaps between its fine and its coarse faces."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar.gltf import Part
from avatar.head.source import IntArray, Points
from avatar.head.surface import compact, triangles

Flags = NDArray[np.bool_]

BACKWARDS: Final = (
    -0.58
)  # of a normal's z: what faces back by this much isn't seen as a head turns by 35 degrees


class Coarse:
    """The faces that a subdivided surface was made of, and which of them stay subdivided.

    ``quads`` (4 F, 4) are the faces that ``surface.subdivide`` made of F, ``fine`` (F,) those to keep so. The
    corners of coarse faces are vertices of the fine ones, so that shapes and colours by vertex hold for both.
    """

    def __init__(self, quads: IntArray, fine: Flags) -> None:
        self._quads = quads.reshape(4, -1, 4)  # corner, face, (corner, edge after, centre, edge before)
        self._fine = fine

    @property
    def corners(self) -> IntArray:
        """The coarse faces (F, 4)."""
        return self._quads[:, :, 0].T

    def triangles(self, kept: Flags) -> IntArray:
        """Triangles (M, 3) over the fine surface's vertices of its faces ``kept`` (4 F,)."""
        parts = kept.reshape(4, -1)
        whole = parts.all(axis=0) & ~self._fine
        edges = self._quads[:, :, 1].T
        split = (
            np.isin(edges, np.unique(edges[self._fine | parts.any(axis=0) & ~parts.all(axis=0)]))
            & whole[:, None]
        )
        plain = whole & ~split.any(axis=1)
        faces = [
            triangles(self._quads[parts & ~whole]),
            triangles(self.corners[plain]),
            *(self._fan(int(face), edges[face], split[face]) for face in np.flatnonzero(whole & ~plain)),
        ]
        return np.concatenate(faces)

    def _fan(self, face: int, edges: IntArray, split: Flags) -> IntArray:
        """One coarse face next to fine ones, which meet it in the middle of an edge."""
        round_: list[int] = []
        for corner, edge, divided in zip(self.corners[face], edges, split, strict=True):
            round_ += [int(corner), int(edge)] if divided else [int(corner)]
        centre = int(self._quads[0, face, 2])
        return np.array([[centre, a, b] for a, b in zip(round_, [*round_[1:], round_[0]], strict=True)])


def restricted(part: Part, faces: IntArray) -> Part:
    """``part`` with only these ``faces`` (M, 3) over its vertices, which keep colours, normals and shapes."""
    used, places = compact(faces)
    return replace(
        part,
        positions=part.positions[used],
        normals=part.normals[used],
        colours=part.colours[used],
        triangles=places.astype(np.uint32),
        morphs=part.morphs[:, used],
        morph_normals=part.morph_normals[:, used],
        head_weight=part.head_weight[used],
    )


def facing(faces: IntArray, normals: Points) -> IntArray:
    """Those of ``faces`` (M, 3) a corner of which, by ``normals`` (N, 3), doesn't face backwards."""
    return np.asarray(faces[(normals[faces, 2] >= BACKWARDS).any(axis=1)])
