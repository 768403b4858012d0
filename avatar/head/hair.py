"""Hair of either style, and how densely it tints the scalp beneath it."""

from __future__ import annotations

from typing import Final

import numpy as np

from avatar.gltf import Material, Part
from avatar.head.bob import bob
from avatar.head.bust import Bust
from avatar.head.coarser import facing, restricted
from avatar.head.crop import crop, hairline
from avatar.head.detail import Detail
from avatar.head.identity import Colour, Identity
from avatar.head.loft import Sheet, Skull
from avatar.head.source import Points

BRIGHTEST: Final = 2.5  # times the hair's own colour: a vertex's tone of 1, since hair's colours have 8 bits

# Where the bob's scalp begins: degrees above the skull's centre, against degrees round from the front.
_ROUND = (0, 20, 38, 52, 66, 76, 84, 92, 104, 118, 140, 180)
_BOB = (45, 45, 43, 38, 22, 6, -4, 8, 4, -12, -24, -28)


def density(bust: Bust, identity: Identity) -> Points:
    """How far inside the hair each vertex lies: 0 at the hairline, 1 well inside. (N,)."""
    away = bust.vertices - skull_centre(bust)
    around = np.degrees(np.arctan2(np.abs(away[:, 0]), away[:, 2]))
    elevation = np.degrees(np.arctan2(away[:, 1], np.hypot(away[:, 0], away[:, 2])))
    line = hairline(around) if identity.hair_style == "crop" else np.interp(around, _ROUND, _BOB)
    inside = np.clip((elevation - line) / (13 if identity.hair_style == "crop" else 6), 0, 1)
    return np.asarray(inside * (bust.masks["ears"] < 0.3), dtype=np.float32)


def skull_centre(bust: Bust) -> Points:
    """The middle of the skull, (3,) in metres, a little above the height of the eyes."""
    eyes = bust.vertices[bust.masks["eyelids"] > 0.5]
    head = bust.vertices[bust.vertices[:, 1] > eyes[:, 1].mean()]
    depth = (head[:, 2].max() + head[:, 2].min()) / 2
    return np.array([0, eyes[:, 1].mean() + 0.006, depth - 0.004], dtype=np.float32)


def hair(bust: Bust, identity: Identity, detail: Detail) -> tuple[Part, ...]:
    """The hair's parts, about the head's pivot."""
    skull = Skull(bust, skull_centre(bust))
    if identity.hair_style == "bob":
        under, over = bob(skull, identity.seed, detail)
        return (
            _part(Material("hair inside", _tint(identity.hair), 0.9, double_sided=True), bust, under, detail),
            _part(Material("hair", _tint(identity.hair), 0.60, blend=True), bust, over, detail),
        )
    cap, tufts = crop(skull, identity.seed, detail)
    return (
        _part(Material("hair", _tint(identity.hair), 0.72, blend=True), bust, cap, detail),
        _part(
            Material("hair tips", _tint(identity.hair), 0.8, double_sided=True, blend=True),
            bust,
            tufts,
            detail,
        ),
    )


def _tint(colour: Colour) -> tuple[float, float, float, float]:
    red, green, blue = (round(min(1.0, BRIGHTEST * value), 6) for value in colour)
    return red, green, blue, 1.0


def _part(material: Material, bust: Bust, sheet: Sheet, detail: Detail) -> Part:
    count = len(sheet.positions)
    nothing = np.zeros((0, count, 3), dtype=np.float32)
    part = Part(
        node="hair", material=material, positions=(sheet.positions - bust.pivot).astype(np.float32),
        normals=sheet.normals.astype(np.float32), colours=sheet.colours.astype(np.float32),
        triangles=sheet.faces.astype(np.uint32), morphs=nothing, morph_normals=nothing,
        head_weight=np.ones(count, dtype=np.float32),
    )  # fmt: skip
    if detail.subdivided:
        return part
    # Hair stands on end: where a strand is tells more than where it faces.
    outward = sheet.positions - skull_centre(bust)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    return restricted(part, facing(sheet.faces, outward))
