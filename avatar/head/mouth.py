"""What an open mouth shows: two rows of teeth in their gums, and a tongue that lies low between them."""

from __future__ import annotations

from typing import Final

import numpy as np

from avatar.animator import FloatArray
from avatar.gltf import Material, Part
from avatar.head.bust import living_part
from avatar.head.coarser import Coarse, restricted
from avatar.head.detail import Detail
from avatar.head.source import BodySource, IntArray, Points
from avatar.head.surface import compact, subdivide, triangles
from avatar.motion import Column

TEETH: Final = Material("teeth", roughness=0.42, double_sided=True)
TONGUE: Final = Material("tongue", roughness=0.62, double_sided=True)

ENAMEL: Final = (0.66, 0.60, 0.50)  # linear
GUMS: Final = (0.30, 0.075, 0.07)
FLESH: Final = (0.40, 0.115, 0.102)
# Metres: the original's rows overlap, and its upper one ends far above the lips' line.
UPPER: Final = np.array([0.0, -0.0045, 0.0005])
LOWER: Final = np.array([0.0, -0.0050, -0.0022])
LOW: Final = np.array([0.0, -0.0085, -0.006])  # where the tongue rests, against the original
FLAT: Final = 0.74  # of the original tongue's height


def teeth(source: BodySource, body: FloatArray, shapes: FloatArray, detail: Detail) -> tuple[Part, ...]:
    """Both rows, darker between one tooth and the next, towards the gums, and towards the back."""
    return (
        _row(source, body, shapes, "helper-upper-teeth", UPPER, 1.0, detail),
        _row(source, body, shapes, "helper-lower-teeth", LOWER, -1.0, detail),
    )


def _row(
    source: BodySource,
    body: FloatArray,
    shapes: FloatArray,
    group: str,
    shift: Points,
    up: float,
    detail: Detail,
) -> Part:
    used, faces = compact(source.groups[group].corners)
    first = subdivide(faces, len(used))
    second = subdivide(first.quads, first.weights.shape[0])
    vertices = second(first(body[used])) + shift.astype(np.float32)
    morphs = np.stack([second(first(shape[used])) for shape in shapes])
    middle = vertices.mean(axis=0)
    angle = np.arctan2(vertices[:, 0], vertices[:, 2] - middle[2] + 0.018)
    gap = np.abs((angle / np.radians(11.5)) % 1 - 0.5) * 2  # 1 between two teeth
    shade = 1 - 0.40 * np.clip((gap - 0.8) / 0.2, 0, 1)
    height = up * (vertices[:, 1] - middle[1])
    root = np.clip((height - 0.45 * height.max()) / (0.35 * height.max()), 0, 1)[:, None]
    depth = np.clip((vertices[:, 2].max() - vertices[:, 2]) / 0.034, 0, 1)
    back = (1 - depth) ** 2.4 * (1.0 if up > 0 else 0.8)  # light doesn't reach the molars
    colours = (1 - root) * np.array(ENAMEL) * shade[:, None] + root * np.array(GUMS)
    colours = colours * (0.03 + 0.97 * back)[:, None] ** np.array([1.0, 1.25, 1.35])
    opaque = np.concatenate([colours, np.ones((len(vertices), 1))], axis=1).astype(np.float32)
    part = living_part(TEETH, vertices, triangles(second.quads), opaque, morphs)
    return part if detail.subdivided else _once(part, second.quads)


def tongue(source: BodySource, body: FloatArray, shapes: FloatArray, detail: Detail) -> Part:
    """The tongue; ``tongueOut`` brings it past the lips."""
    used, faces = compact(source.groups["helper-tongue"].corners)
    finer = subdivide(faces, len(used))
    vertices = finer(body[used])
    floor = float(vertices[:, 1].min())
    rest = vertices * np.array([1, FLAT, 1]) + np.array([0, (1 - FLAT) * floor, 0]) + LOW
    morphs = np.stack([finer(shape[used]) for shape in shapes])
    out = np.clip(
        morphs[Column.tongueOut, :, 2:] / max(float(morphs[Column.tongueOut, :, 2].max()), 1e-6), 0, 1
    )
    morphs[Column.tongueOut] += out * (vertices - rest)
    depth = np.clip((rest[:, 2].max() - rest[:, 2]) / 0.045, 0, 1)
    groove = np.exp(-((rest[:, 0] / 0.0022) ** 2))
    shade = (1 - 0.96 * depth**1.05) * (1 - 0.25 * groove)
    colours = np.concatenate([np.array(FLESH) * shade[:, None], np.ones((len(rest), 1))], axis=1)
    part = living_part(
        TONGUE, rest.astype(np.float32), triangles(finer.quads), colours.astype(np.float32), morphs
    )
    return part if detail.subdivided else _once(part, finer.quads)


def _once(part: Part, quads: IntArray) -> Part:
    """``part`` of ``quads``, subdivided once less."""
    coarse = Coarse(quads, np.zeros(len(quads) // 4, dtype=bool))
    return restricted(part, coarse.triangles(np.ones(len(quads), dtype=bool)))
