"""A head as arrays: parts with materials and morphs, a pivot, two eyes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray

Node: TypeAlias = Literal["face", "hair", "eyeLeft", "eyeRight"]
Indices: TypeAlias = NDArray[np.uint32]


class HeadError(ValueError):
    """A file that holds no head that can be animated; the message says what is missing."""


@dataclass(frozen=True)
class Material:
    """How a part reflects light, in glTF's metallic-roughness terms."""

    name: str
    colour: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)  # linear, times the vertex colours
    roughness: float = 0.6
    metallic: float = 0.0
    double_sided: bool = False
    blend: bool = False  # alpha of the vertex colours shows through


@dataclass(frozen=True)
class Part:
    """One surface of one material.

    ``positions`` and ``normals`` float32 (N, 3), metres; ``colours`` float32 (N, 4), linear 0..1;
    ``triangles`` uint32 (M, 3); ``morphs`` float32 (S, N, 3), offsets at weight 1, and ``morph_normals`` of
    the same shape; ``head_weight`` float32 (N,): 1 moves with the head, 0 stays with the shoulders. Hair
    moves with the head and is about the head's pivot, an eye is about its own centre; neither has morphs.
    """

    node: Node
    material: Material
    positions: FloatArray = field(repr=False)
    normals: FloatArray = field(repr=False)
    colours: FloatArray = field(repr=False)
    triangles: Indices = field(repr=False)
    morphs: FloatArray = field(repr=False)
    morph_normals: FloatArray = field(repr=False)
    head_weight: FloatArray = field(repr=False)


@dataclass(frozen=True)
class HeadModel:
    """A head that can be animated; ``pivot`` and eyes are (3,) in metres, Y up, the face towards +Z."""

    name: str
    parts: tuple[Part, ...]
    target_names: tuple[str, ...]
    pivot: FloatArray
    eye_left: FloatArray
    eye_right: FloatArray

    def centre(self, node: Node) -> FloatArray:
        """Where the part's own origin lies, (3,)."""
        match node:
            case "hair":
                return self.pivot
            case "eyeLeft":
                return self.eye_left
            case "eyeRight":
                return self.eye_right
            case "face":
                return np.zeros(3, dtype=np.float32)
