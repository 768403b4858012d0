"""Moves a head: shapes, then the neck, then the eyes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sparse

from avatar.animator import FloatArray
from avatar.gltf.model import HeadModel, Part
from avatar.motion import NAMES, SHAPES, Column, Motion


def rotation(yaw: float, pitch: float, roll: float) -> FloatArray:
    """The matrix (3, 3) of intrinsic yaw about Y, pitch about X, roll about Z, radians."""
    sy, cy, sp, cp, sr, cr = (f(a) for a in (yaw, pitch, roll) for f in (math.sin, math.cos))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z, dtype=np.float32)


class PosedPart:
    """One part's surface under any motion."""

    def __init__(self, part: Part, shapes: Sequence[int]) -> None:
        self.part = part
        self._bends = (
            [_columns(values[list(shapes)]) for values in (part.morphs, part.morph_normals)]
            if len(part.morphs)
            else []
        )

    def shaped(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Positions and normals (N, 3) with shapes of these weights (52,), not yet turned."""
        part = self.part
        if not self._bends:
            return part.positions, part.normals
        offsets, turns = (np.asarray(bend @ weights).reshape(-1, 3) for bend in self._bends)
        return part.positions + offsets, part.normals + turns


class PosedHead:
    """A head under motion."""

    def __init__(self, model: HeadModel) -> None:
        self.model = model
        order = [model.target_names.index(name) for name in NAMES[:SHAPES]]
        self.parts = tuple(PosedPart(part, order) for part in model.parts)

    def pose(self, motion: Motion) -> list[tuple[FloatArray, FloatArray]]:
        """Positions and unit normals, each (N, 3), of every part for motion (61,), in metres."""
        weights = motion[:SHAPES]
        head = rotation(*(float(angle) for angle in motion[Column.headYaw : Column.headRoll + 1]))
        pivot = self.model.pivot
        posed = []
        for part in self.parts:
            points, normals = part.shaped(weights)
            node = part.part.node
            if node in ("eyeLeft", "eyeRight"):
                first = Column.leftEyeYaw if node == "eyeLeft" else Column.rightEyeYaw
                eye = rotation(*(float(angle) for angle in motion[first : first + 3]))
                points, normals = points @ eye.T, normals @ eye.T
            points = points + self.model.centre(node)
            share = part.part.head_weight[:, None]
            turned = (points - pivot) @ head.T + pivot
            points = np.asarray(points + share * (turned - points), dtype=np.float32)
            normals = np.asarray(normals + share * (normals @ head.T - normals), dtype=np.float32)
            lengths = np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
            posed.append((points, (normals / lengths).astype(np.float32)))
        return posed


def _columns(values: FloatArray) -> sparse.csr_matrix:
    """Offsets (52, N, 3) as a sparse matrix (3 N, 52)."""
    return sparse.csr_matrix(values.reshape(len(values), -1).T)
