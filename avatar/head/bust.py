"""The living surface: head, neck and shoulders cut from the body, their colours, and the garment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from avatar.animator import FloatArray
from avatar.gltf import Material, Part
from avatar.head.coarser import Coarse, Flags, facing, restricted
from avatar.head.detail import Detail
from avatar.head.identity import Identity
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
THIN_FILM, LIGHT_FILM = 0.04, 0.38  # opacity of the lips' moisture that is still drawn, whole and light
FILM: Final = 0.00012  # metres the lips' moisture stands off them
DARK: Final = 0.1  # share of the light below which skin is taken to lie under hair
FACE: Final = 0.05  # metres of depth from which on nothing does
LIVELY: Final = 0.65  # of the masks of lips and lids: what stays finely divided
CLOTH: Final = 0.0028  # metres the garment stands off the skin

SKIN: Final = Material("skin", roughness=0.60)
MOUTH: Final = Material("mouth", roughness=0.9, double_sided=True)
GLOSS: Final = Material("lips", roughness=0.30, blend=True)
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


def grow(source: BodySource, body: FloatArray, shapes: FloatArray) -> Bust:
    """The bust of one ``body`` (19158, 3) with offsets ``shapes`` (52, 19158, 3)."""
    polygons = source.groups["body"]
    corners = body[polygons.corners]
    inside = (corners[:, :, 1].min(axis=1) > BOTTOM) & (np.abs(corners[:, :, 0]).max(axis=1) < ARMS)
    used, quads = compact(polygons.corners[inside])
    texture = np.zeros((len(used), 2), dtype=np.float32)
    texture[quads.ravel()] = source.texture[polygons.texture[inside].ravel()]
    finer = subdivide(quads, len(used))
    vertices = finer(body[used])
    places = finer(texture)
    morphs = np.stack([finer(shape[used]) for shape in shapes])
    shading = Shading(triangles(finer.quads), len(vertices))
    masks = {name: sample(source.masks[name], places) for name in source.masks}
    pivot = body[np.unique(source.groups["joint-head"].corners)].mean(axis=0)
    neck = body[np.unique(source.groups["joint-neck"].corners)].mean(axis=0)
    return Bust(
        quads=finer.quads,
        vertices=vertices,
        normals=shading.normals(vertices),
        morphs=soften(morphs, vertices, masks, shading),
        masks=masks,
        inside_mouth=masks["inside-mouth"] > 0.5,
        pivot=(0.5 * pivot + 0.5 * neck).astype(np.float32),
    )


def soften(
    morphs: FloatArray, vertices: FloatArray, masks: dict[str, FloatArray], shading: Shading
) -> FloatArray:
    """The shapes (52, N, 3) without the creases that they pull into cheeks, and with a round funnel."""
    lips, _ = cKDTree(vertices[(masks["lips"] > 0.5) | (masks["inside-mouth"] > 0.5)]).query(vertices)
    lids, _ = cKDTree(vertices[masks["eyelids"] > 0.5]).query(vertices)
    soft = np.clip((lips - 0.004) / 0.010, 0, 1) * np.clip((lids - 0.006) / 0.010, 0, 1)
    flat = morphs.transpose(1, 0, 2).reshape(len(vertices), -1)
    calm = shading.smoothed(flat, 10).reshape(len(vertices), len(morphs), 3).transpose(1, 0, 2)
    softened = morphs + soft[None, :, None].astype(np.float32) * (calm - morphs)
    for shape in (Column.mouthFunnel, Column.mouthPucker):
        softened[shape] = shading.smoothed(softened[shape], 5)
    return np.asarray(softened, dtype=np.float32)


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


@dataclass(frozen=True)
class Colours:
    """Linear colours (N, 4) of the bust's vertices, as skin, as the mouth's inside, as the film on lips."""

    skin: FloatArray = field(repr=False)
    mouth: FloatArray = field(repr=False)
    gloss: FloatArray = field(repr=False)


def over_collar(bust: Bust) -> FloatArray:
    """Metres (N,) that each vertex lies above the garment's edge."""
    return np.asarray(bust.vertices[:, 1] - (COLLAR_HEIGHT + COLLAR_TILT * bust.vertices[:, 2]))


def parts(
    bust: Bust, identity: Identity, colours: Colours, light: FloatArray, detail: Detail
) -> tuple[Part, ...]:
    """Skin, mouth, lips' film, and garment; ``light`` (N,) is the share that reaches each vertex."""
    above = over_collar(bust)
    worn = np.asarray((above[bust.quads] < 0).any(axis=1))
    bare = np.asarray((above[bust.quads] >= -COLLAR_OVERLAP).any(axis=1))
    mouth = np.asarray(bust.inside_mouth[bust.quads].all(axis=1))
    wet = THIN_FILM if detail.subdivided else LIGHT_FILM
    moist = (colours.gloss[bust.quads, 3] > wet).any(axis=1) & ~mouth
    cloth = np.tile(np.array([*identity.garment, 1], dtype=np.float32), (len(above), 1))
    cloth[:, :3] *= np.clip(0.35 + 0.72 * light, 0, 1)[:, None]
    coarse = None if detail.subdivided else coarser(bust)
    if not detail.subdivided:
        bare &= ~under_hair(bust, light)
    return (
        surface(bust, bare & ~mouth, coarse, SKIN, colours.skin),
        surface(bust, mouth, coarse, MOUTH, colours.mouth),
        surface(bust, moist, coarse, GLOSS, colours.gloss, FILM),
        surface(bust, worn, coarse, GARMENT, cloth, CLOTH, to_the_edge(bust, above)),
    )


def coarser(bust: Bust) -> Coarse:
    """The bust as it was before it was subdivided, but for lips and lids."""
    corners = Coarse(bust.quads, np.zeros(len(bust.quads) // 4, dtype=bool)).corners
    lively = np.maximum(bust.masks["lips"], bust.masks["eyelids"])
    return Coarse(bust.quads, lively[corners].mean(axis=1) > LIVELY)


def under_hair(bust: Bust, light: FloatArray) -> Flags:
    """Which of the bust's faces no light reaches and that aren't folds of the face. (faces,)."""
    dark = (light[bust.quads] < DARK).all(axis=1) & (bust.vertices[bust.quads, 2] < FACE).all(axis=1)
    whole = dark.reshape(4, -1).all(axis=0)  # of the faces before they were subdivided
    return np.tile(whole, 4)


def to_the_edge(bust: Bust, above: FloatArray) -> FloatArray:
    """Offsets (N, 3) that bring vertices next to the garment's edge down to it, along the skin."""
    sides = np.stack([bust.quads, np.roll(bust.quads, -1, axis=1)], axis=2).reshape(-1, 2)
    sides = np.concatenate(
        [sides, sides[:, ::-1], *(bust.quads[:, pair] for pair in ([0, 2], [2, 0], [1, 3], [3, 1]))]
    )
    sides = sides[(above[sides[:, 0]] > 0) & (above[sides[:, 1]] <= 0)]
    high, low = sides.T
    share = above[high] / (above[high] - above[low])
    offsets, count = np.zeros_like(bust.vertices), np.zeros(len(above), dtype=np.float32)
    np.add.at(offsets, high, share[:, None] * (bust.vertices[low] - bust.vertices[high]))
    np.add.at(count, high, 1)
    return np.asarray(offsets / np.maximum(count, 1)[:, None], dtype=np.float32)


def surface(
    bust: Bust,
    kept: Flags,
    coarse: Coarse | None,
    material: Material,
    colours: FloatArray,
    lift: float = 0.0,
    shift: FloatArray | None = None,
) -> Part:
    """A part of the bust's surface, moved outwards by ``lift`` metres, its vertices by ``shift`` (N, 3).

    ``kept`` (faces,) says which faces belong to it; with ``coarse``, what of them is seen from the front.
    """
    used, faces = compact(bust.quads[kept])
    vertices = bust.vertices[used] + lift * bust.normals[used]
    if shift is not None:
        vertices += shift[used]
    part = living_part(material, vertices, triangles(faces), colours[used], bust.morphs[:, used])
    if coarse is None:
        return part
    turns_out = (bust.masks["lips"][used] > 0.1) | bust.inside_mouth[used]  # as lips speak
    normals = np.where(turns_out[:, None], np.array([0, 0, 1]), part.normals)
    return restricted(part, facing(np.searchsorted(used, coarse.triangles(kept)), normals))


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
