"""The living surface: head, neck and shoulders cut from the body, their colours, and the garment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.gltf import Material, Part
from avatar.head.identity import Colour, Identity
from avatar.head.source import BodySource, IntArray
from avatar.head.surface import Shading, compact, subdivide, triangles
from avatar.motion import Column

# Heights in metres, the eyes' being 0.
BOTTOM: Final = -0.37  # the body is cut below this height, and beyond ARMS to either side
ARMS: Final = 0.30
NECK_LOW, NECK_HIGH = (
    -0.185,
    -0.085,
)  # between these, along the tilted neck, skin follows the head more and more
NECK_TILT: Final = 0.25
COLLAR_HEIGHT, COLLAR_TILT = -0.132, -0.48  # the garment's edge: a plane through the base of the neck
COLLAR_OVERLAP: Final = 0.02  # metres of skin that go on below the edge
CLOTH: Final = 0.0028  # metres the garment stands off the skin

SKIN: Final = Material("skin", roughness=0.52)
MOUTH: Final = Material("mouth", roughness=0.35, double_sided=True)
GARMENT: Final = Material("garment", roughness=0.92, double_sided=True)


@dataclass(frozen=True)
class Bust:
    """The subdivided surface of head and shoulders and where it carries what, every array by vertex."""

    quads: IntArray = field(repr=False)
    vertices: FloatArray = field(repr=False)  # (N, 3) metres
    normals: FloatArray = field(repr=False)
    morphs: FloatArray = field(repr=False)  # (52, N, 3)
    masks: dict[str, FloatArray] = field(repr=False)  # lips, eyelids, ears, inside-mouth: 0..1
    inside_mouth: NDArray[np.bool_] = field(repr=False)
    pivot: FloatArray


def grow(source: BodySource, identity: Identity) -> Bust:
    """The bust of one person."""
    body = source.identity(identity.targets)
    polygons = source.groups["body"]
    corners = body[polygons.corners]
    inside = (corners[:, :, 1].min(axis=1) > BOTTOM) & (np.abs(corners[:, :, 0]).max(axis=1) < ARMS)
    used, quads = compact(polygons.corners[inside])
    texture = np.zeros((len(used), 2), dtype=np.float32)
    texture[quads.ravel()] = source.texture[polygons.texture[inside].ravel()]
    finer = subdivide(quads, len(used))
    vertices = finer(body[used])
    places = finer(texture)
    morphs = np.stack([finer(shape[used]) for shape in articulate(source.face_shapes)])
    shading = Shading(triangles(finer.quads), len(vertices))
    masks = {name: sample(source.masks[name], places) for name in source.masks}
    pivot = body[np.unique(source.groups["joint-head"].corners)].mean(axis=0)
    neck = body[np.unique(source.groups["joint-neck"].corners)].mean(axis=0)
    return Bust(
        quads=finer.quads,
        vertices=vertices,
        normals=shading.normals(vertices),
        morphs=morphs,
        masks=masks,
        inside_mouth=masks["inside-mouth"] > 0.5,
        pivot=(0.5 * pivot + 0.5 * neck).astype(np.float32),
    )


def articulate(shapes: FloatArray) -> FloatArray:
    """ARKit's shapes over the whole body, with a tongue that really comes out: the jaw makes room for it."""
    shapes = shapes.copy()
    tongue = shapes[Column.tongueOut]
    tongue[:, 2] *= 2.3
    shapes[Column.tongueOut] = tongue + 0.38 * shapes[Column.jawOpen]
    return shapes


def head_weight(vertices: FloatArray) -> FloatArray:
    """How far vertices (N, 3) follow the head: 0 at the shoulders, 1 from the jaw up. (N,)."""
    along = vertices[:, 1] + NECK_TILT * vertices[:, 2]
    share = np.clip((along - NECK_LOW) / (NECK_HIGH - NECK_LOW), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


def sample(mask: FloatArray, places: FloatArray) -> FloatArray:
    """A mask (H, W) at texture coordinates (N, 2), nearest pixel. (N,)."""
    height, width = mask.shape
    columns = np.clip((places[:, 0] * width).astype(int), 0, width - 1)
    rows = np.clip(((1 - places[:, 1]) * height).astype(int), 0, height - 1)
    return np.asarray(mask[rows, columns])


def parts(bust: Bust, identity: Identity, brows: FloatArray, hair: FloatArray) -> tuple[Part, ...]:
    """Skin, mouth, and garment; how densely ``brows`` and ``hair`` grow is (N,), 0..1."""
    over_collar = bust.vertices[:, 1] - (COLLAR_HEIGHT + COLLAR_TILT * bust.vertices[:, 2])
    worn = (over_collar[bust.quads] < 0).any(axis=1)
    covered = (over_collar[bust.quads] < -COLLAR_OVERLAP).all(axis=1)
    mouth = bust.inside_mouth[bust.quads].all(axis=1)
    colours = skin_colours(bust, identity, brows, hair)
    cloth = np.tile(np.array([*identity.garment, 1], dtype=np.float32), (len(colours), 1))
    cloth[:, :3] *= (1 - 0.35 * (over_collar > -0.009))[:, None]  # the hem
    dark = np.broadcast_to(np.array([0.16, 0.035, 0.03, 1], dtype=np.float32), colours.shape)
    return (
        surface(bust, bust.quads[~covered & ~mouth], SKIN, colours),
        surface(bust, bust.quads[mouth], MOUTH, dark),
        surface(bust, bust.quads[worn], GARMENT, cloth, CLOTH, np.maximum(over_collar, 0)),
    )


def surface(
    bust: Bust,
    quads: IntArray,
    material: Material,
    colours: FloatArray,
    lift: float = 0.0,
    lower: FloatArray | None = None,
) -> Part:
    """A part of the bust's surface, moved outwards by ``lift`` metres and vertices down by ``lower`` (N,)."""
    used, faces = compact(quads)
    vertices = bust.vertices[used] + lift * bust.normals[used]
    if lower is not None:
        vertices[:, 1] -= lower[used]
    return living_part(material, vertices, triangles(faces), colours[used], bust.morphs[:, used])


def living_part(
    material: Material, vertices: FloatArray, faces: IntArray, colours: FloatArray, morphs: FloatArray
) -> Part:
    """A part of the face with normals, also of its morphs, computed."""
    shading = Shading(faces, len(vertices))
    normals = shading.normals(vertices)
    turns = np.stack(
        [
            shading.normals(vertices + shape) - normals if shape.any() else np.zeros_like(normals)
            for shape in morphs
        ]
    )
    return Part(
        node="face",
        material=material,
        positions=vertices.astype(np.float32),
        normals=normals,
        colours=np.asarray(colours, dtype=np.float32),
        triangles=faces.astype(np.uint32),
        morphs=morphs.astype(np.float32),
        morph_normals=turns,
        head_weight=head_weight(vertices),
    )


def skin_colours(bust: Bust, identity: Identity, brows: FloatArray, hair: FloatArray) -> FloatArray:
    """Linear colours (N, 4): red cheeks, nose, ears, lips, lids; brows; folds that light doesn't reach."""
    vertices, masks = bust.vertices, bust.masks
    colour = np.tile(np.array(identity.skin, dtype=np.float32), (len(vertices), 1))
    eyes = vertices[masks["eyelids"] > 0.5].mean(axis=0)
    lips = vertices[masks["lips"] > 0.5].mean(axis=0)
    sideways = np.abs(vertices[:, 0])
    front = vertices[:, 2] > 0.06
    cheek = _spot(np.stack([sideways, vertices[:, 1]], 1), (0.041, eyes[1] - 0.037), 0.024) * front
    tip = int(np.argmax(np.where(front, vertices[:, 2], -1)))
    nose = _spot(vertices, vertices[tip], 0.016)
    rosy = 0.42 * cheek + 0.34 * nose + 0.3 * masks["ears"] + 0.22 * masks["eyelids"]
    colour = _mix(colour, identity.blush, rosy)
    if identity.beard:
        jaw = _rise(-vertices[:, 1], -(lips[1] + 0.024), 0.012) * _rise(vertices[:, 2], 0.035, 0.03)
        throat = _rise(vertices[:, 1], lips[1] - 0.075, 0.02)
        cheeks = 1 - _spot(np.stack([sideways, vertices[:, 1]], 1), (0.045, lips[1] + 0.028), 0.022)
        colour = _mix(colour, identity.hair, 0.42 * identity.beard * jaw * throat * cheeks)
    colour = _mix(colour, identity.lips, 0.85 * masks["lips"])
    colour = _mix(colour, identity.hair, 0.6 * brows)
    colour = _mix(colour, identity.hair, np.clip(hair / 0.12, 0, 1) ** 1.5 * 0.9)
    shading = Shading(triangles(bust.quads), len(vertices))
    folds = np.clip(shading.hollowness(vertices, bust.normals) - 0.06, 0, 0.5)
    colour = colour * (1 - 1.1 * np.clip(folds, 0, 0.6))[:, None]
    mottled = np.random.default_rng(identity.seed).normal(1, 0.012, len(vertices))
    colour = np.clip(colour * mottled[:, None], 0, 1)
    return np.concatenate([colour, np.ones((len(vertices), 1))], axis=1).astype(np.float32)


def _spot(points: FloatArray, centre: FloatArray | tuple[float, ...], radius: float) -> FloatArray:
    squared = ((points - np.asarray(centre)) ** 2).sum(axis=1)
    return np.asarray(np.exp(-squared / (2 * (radius / 2) ** 2)), dtype=np.float32)


def _rise(values: FloatArray, middle: float, width: float) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-4 * (values - middle) / width)), dtype=np.float32)


def _mix(colours: FloatArray, other: Colour, share: FloatArray) -> FloatArray:
    weight = np.clip(share, 0, 1)[:, None]
    return np.asarray(colours * (1 - weight) + np.array(other) * weight, dtype=np.float32)
