"""Hair: a cap that follows the skull, strands combed over it, and brows that follow the skin."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from avatar.gltf import Material, Part
from avatar.head.bust import Bust, living_part
from avatar.head.identity import Identity
from avatar.head.source import Points
from avatar.head.surface import Shading, compact, triangles

CAP: Final = Material("hair cap", roughness=0.8, double_sided=True)
STRANDS: Final = Material("hair", roughness=0.5, double_sided=True)
BROWS: Final = Material("brows", roughness=0.8, double_sided=True)

# Where hair begins: degrees above the skull's centre, against degrees round from the face's front.
_ROUND = [0, 20, 38, 52, 66, 76, 84, 92, 104, 118, 140, 180]
_HAIRLINE = {
    "tied": [40, 42, 40, 32, 14, -2, -8, 8, 4, -22, -38, -42],
    "short": [46, 50, 50, 36, 16, 2, -10, 8, 4, -20, -34, -38],
}
_THICKNESS = {"tied": 0.010, "short": 0.0105}  # metres where it is thickest
_STRANDS = {"tied": 2600, "short": 4200}
_STEPS = {"tied": 4, "short": 2}
_STEP = {"tied": 0.020, "short": 0.015}  # metres
_LOOSE: Final = 0.006  # metres from the skull beyond which hair isn't combed on
_WIDTH: Final = 0.0016


def density(bust: Bust, identity: Identity) -> Points:
    """How far inside the hair each vertex lies: 0 at the hairline, 1 from 2 cm on. (N,)."""
    centre = skull(bust)
    away = bust.vertices - centre
    around = np.degrees(np.arctan2(np.abs(away[:, 0]), away[:, 2]))
    elevation = np.degrees(np.arctan2(away[:, 1], np.hypot(away[:, 0], away[:, 2])))
    line = np.interp(around, _ROUND, _HAIRLINE[identity.hair_style])
    inside = np.clip((elevation - line) / 13, 0, 1)
    return np.asarray(inside * (bust.masks["ears"] < 0.3), dtype=np.float32)


def skull(bust: Bust) -> Points:
    """The middle of the skull, (3,) in metres, at the height of the eyes."""
    eyes = bust.vertices[bust.masks["eyelids"] > 0.5]
    head = bust.vertices[bust.vertices[:, 1] > eyes[:, 1].mean()]
    depth = (head[:, 2].max() + head[:, 2].min()) / 2
    return np.array([0, eyes[:, 1].mean() + 0.006, depth - 0.004], dtype=np.float32)


def hair(bust: Bust, identity: Identity) -> tuple[Part, ...]:
    """The hair's parts, about the head's pivot."""
    grown = density(bust, identity)
    generator = np.random.default_rng(identity.seed + 200)
    thickness = _THICKNESS[identity.hair_style] * np.sqrt(grown)
    outside = bust.vertices + thickness[:, None] * bust.normals
    used, faces = compact(bust.quads[(grown[bust.quads] > 0.10).all(axis=1)])
    shell = outside[used]
    dark = np.tile(np.array(identity.hair) * 0.55, (len(used), 1))
    shading = Shading(triangles(faces), len(used))
    parts = [_rigid(CAP, bust, shell, shading.normals(shell), dark, triangles(faces))]
    hairy = grown > 0.005
    comb = _Comb(outside[hairy], bust.normals[hairy], grown[hairy], skull(bust), identity)
    parts.append(_rigid(STRANDS, bust, *comb.strands(generator)))
    if identity.hair_style == "tied":
        parts.append(_rigid(STRANDS, bust, *_bun(skull(bust), shell, identity, generator)))
    return tuple(parts)


class _Comb:
    """Draws strands over a shell of hair, along the direction in which it is combed."""

    def __init__(
        self,
        shell: Points,
        normals: Points,
        grown: Points,
        centre: Points,
        identity: Identity,
    ) -> None:
        self._shell, self._normals, self._grown = shell, normals, grown
        self._centre, self._identity = centre, identity
        self._tree = cKDTree(shell)
        back = shell[np.argmin(shell[:, 2] + 2 * np.abs(shell[:, 0]))]
        self._knot = np.array([0, centre[1] + 0.012, back[2] - 0.012])
        top = shell[np.argmax(shell[:, 1])]
        self._crown = np.array([0.012, top[1], centre[2] - 0.045])

    def strands(self, generator: np.random.Generator) -> tuple[Points, Points, Points, NDArray[np.int64]]:
        """Positions, normals, colours (N, 3) and triangles of all strands."""
        style = self._identity.hair_style
        count, steps = _STRANDS[style], _STEPS[style]
        chance = np.interp(self._grown, [0, 0.05, 0.3, 0.7], [1.2, 2.6, 2.0, 1.0])
        roots = generator.choice(len(self._shell), count, p=chance / chance.sum())
        points = self._shell[roots] + generator.normal(0, 0.0022, (count, 3))
        lift = generator.uniform(0.0002, 0.0022, count)
        line, facing = [], []
        for _ in range(steps + 1):
            away, nearest = self._tree.query(points)
            normal = self._normals[nearest]
            height = ((points - self._shell[nearest]) * normal).sum(axis=1)
            points = points + (lift - height)[:, None] * normal
            line.append(points)
            facing.append(normal)
            direction = self._direction(points, normal, generator)
            points = points + np.where(away < _LOOSE, _STEP[style], 0.002)[:, None] * direction
        return _ribbons(np.stack(line, 1), np.stack(facing, 1), self._identity, generator)

    def _direction(self, points: Points, normals: Points, generator: np.random.Generator) -> Points:
        if self._identity.hair_style == "tied":
            front = np.clip((points[:, 2] - self._centre[2]) / 0.06, 0, 1)
            way = self._knot - points
            way = way / np.linalg.norm(way, axis=1, keepdims=True) + np.outer(1.6 * front, [0, 1, 0])
        else:
            away = points - self._crown
            way = np.stack([away[:, 0] * 1.2 + 0.010, away[:, 1] * 0.9 - 0.02, away[:, 2] * 1.0], axis=1)
        way = way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
        way = way + generator.normal(0, 0.10, way.shape)
        way = way - (way * normals).sum(axis=1, keepdims=True) * normals
        return np.asarray(way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6))


def _bun(
    centre: Points, shell: Points, identity: Identity, generator: np.random.Generator
) -> tuple[Points, Points, Points, NDArray[np.int64]]:
    """A knot of strands wound round a ball at the back of the head."""
    back = float(shell[:, 2].min())
    middle = np.array([0, centre[1] + 0.012, back - 0.012])
    count, steps, radius = 320, 8, 0.032
    tilt = generator.normal(0, 0.5, count)
    start = generator.uniform(0, 2 * np.pi, count)
    swing = np.linspace(0, 2.0, steps)[None, :]
    turn, rise = start[:, None] + swing, np.clip(tilt[:, None] + 0.25 * np.sin(2 * swing), -1.4, 1.4)
    normals = np.stack([np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn), np.sin(rise)], axis=2)
    reach = radius * (1 + generator.normal(0, 0.035, (count, 1, 1)))
    line = middle + reach * normals * np.array([1.0, 0.95, 0.75])
    return _ribbons(line, normals, identity, generator, width=0.005)


def _ribbons(
    line: Points, facing: Points, identity: Identity, generator: np.random.Generator,
    width: float = _WIDTH,
) -> tuple[Points, Points, Points, NDArray[np.int64]]:  # fmt: skip
    """Flat bands along (strands, points, 3), narrower towards their ends."""
    count, points = line.shape[:2]
    along = np.gradient(line, axis=1)
    across = np.cross(along, facing)
    across /= np.maximum(np.linalg.norm(across, axis=2, keepdims=True), 1e-9)
    half = width * np.interp(np.linspace(0, 1, points), [0, 0.3, 1], [0.3, 1, 0.25])[None, :, None] / 2
    positions = np.stack([line - half * across, line + half * across], axis=2).reshape(-1, 3)
    sideways = np.stack([facing - 0.55 * across, facing + 0.55 * across], axis=2)
    normals = (sideways / np.linalg.norm(sideways, axis=3, keepdims=True)).reshape(-1, 3)
    tone = generator.lognormal(0, 0.26, (count, 1, 1, 1))
    root = np.linspace(0.75, 1.15, points)[None, :, None, None]
    colours = np.clip(np.array(identity.hair) * tone * root * np.ones((count, points, 2, 3)), 0, 1).reshape(
        -1, 3
    )
    first = (np.arange(count)[:, None] * points + np.arange(points - 1)[None, :]).reshape(-1) * 2
    quads = np.stack([first, first + 1, first + 3, first + 2], axis=1)
    return positions.astype(np.float32), normals.astype(np.float32), colours, triangles(quads)


def _rigid(
    material: Material, bust: Bust, positions: Points, normals: Points, colours: Points,
    faces: NDArray[np.int64],
) -> Part:  # fmt: skip
    nothing = np.zeros((0, len(positions), 3), dtype=np.float32)
    opaque = np.concatenate([colours, np.ones((len(colours), 1))], axis=1).astype(np.float32)
    return Part(
        node="hair", material=material, positions=(positions - bust.pivot).astype(np.float32),
        normals=normals.astype(np.float32),
        colours=opaque, triangles=faces.astype(np.uint32), morphs=nothing, morph_normals=nothing,
        head_weight=np.ones(len(positions), dtype=np.float32),
    )  # fmt: skip


def brow_density(bust: Bust) -> Points:
    """How densely brows grow on each vertex, 0..1. (N,)."""
    eyes = bust.vertices[bust.masks["eyelids"] > 0.5]
    eye = np.array([np.abs(eyes[:, 0]).mean(), eyes[:, 1].mean()])
    across = (np.abs(bust.vertices[:, 0]) - eye[0]) / 0.019  # -1 inner end, 1 outer end
    arch = eye[1] + 0.0190 + 0.0040 * np.clip(across + 0.3, -1, 0.7) - 0.0075 * np.clip(across - 0.35, 0, 1)
    half = np.interp(across, [-1.15, -0.8, 0.3, 1.25], [0.0021, 0.0034, 0.0027, 0.0008])
    near = np.exp(-(((bust.vertices[:, 1] - arch) / half) ** 2))
    length = np.clip((across + 1.02) / 0.25, 0, 1) * np.clip((1.3 - across) / 0.3, 0, 1)
    front = bust.vertices[:, 2] > 0.08
    return np.asarray(near * length * front * (bust.normals[:, 2] > 0), dtype=np.float32)


def brows(bust: Bust, identity: Identity, grown: Points) -> Part:
    """Short hairs that move with the skin they grow on."""
    generator = np.random.default_rng(identity.seed + 300)
    count = int(1300 * identity.brow_strength)
    roots = generator.choice(len(grown), count, p=grown**1.3 / (grown**1.3).sum())
    skin, normal = bust.vertices[roots], bust.normals[roots]
    side = np.sign(skin[:, 0])
    outer = np.clip((np.abs(skin[:, 0]) - 0.012) / 0.04, 0, 1)
    way = np.stack([side * (0.45 + 0.6 * outer), 0.9 - 1.05 * outer, np.zeros(count)], axis=1)
    way += generator.normal(0, 0.16, way.shape)
    way -= (way * normal).sum(axis=1, keepdims=True) * normal
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    across = np.cross(way, normal) * 0.0002
    length = generator.uniform(0.003, 0.0055, (count, 1))
    root = skin + generator.normal(0, 0.0011, skin.shape) + 0.0002 * normal
    tip = root + length * way + 0.0009 * normal
    vertices = np.stack([root - across, root + across, tip], axis=1).reshape(-1, 3).astype(np.float32)
    tone = np.repeat(generator.lognormal(0, 0.2, count), 3)[:, None]
    colours = np.concatenate(
        [np.clip(np.array(identity.hair) * 0.8 * tone, 0, 1), np.ones((3 * count, 1))], axis=1
    )
    faces = np.arange(3 * count).reshape(-1, 3)
    morphs = np.repeat(bust.morphs[:, roots], 3, axis=1)
    return living_part(BROWS, vertices, faces, colours.astype(np.float32), morphs)
