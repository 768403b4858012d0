"""Lashes: single hairs along the lids' rims, within the strips that the original draws them on."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from avatar.animator import FloatArray
from avatar.gltf import Material, Part
from avatar.head.bust import Bust, living_part
from avatar.head.detail import Detail
from avatar.head.identity import Identity
from avatar.head.source import BodySource, IntArray, Points

LASHES: Final = Material("lashes", roughness=0.9, double_sided=True, blend=True)
HAIRS: Final = {"upper": 84, "lower": 40}  # an eye
WIDTH: Final = {"upper": 0.00050, "lower": 0.00028}  # metres at the root
REACH: Final = {"upper": 0.74, "lower": 0.5}  # of the strip's breadth
STRENGTH: Final = {"upper": 0.92, "lower": 0.38}
ROOT: Final = 0.12  # of the strip's breadth: the lid hides what is before
BENDS: Final = (0.0, 0.45, 1.0)  # where hairs are drawn, of their length
RIM: Final = 0.0011  # metres about the roots that lashes darken
DENSE: Final = np.linspace(0, 1, 120)
_HAIR = np.array([[0, 1, 3], [0, 3, 2], [2, 3, 4]])
_GROUPS = {"upper": "helper-{}-eyelashes-2", "lower": "helper-{}-eyelashes-1"}


def lash_line(source: BodySource, body: FloatArray, bust: Bust) -> Points:
    """How near each vertex is to the roots of upper lashes, 1 at them, 0 from about 2 mm. (N,)."""
    roots = [_rows(source.groups[_GROUPS["upper"].format(side)].corners, body, bust)[1] for side in "lr"]
    away, _ = cKDTree(
        np.concatenate([_along(body[chain], DENSE * (len(chain) - 1)) for chain in roots])
    ).query(bust.vertices)
    return np.asarray(np.exp(-((away / RIM) ** 2)))


def lashes(
    source: BodySource, body: FloatArray, shapes: FloatArray, bust: Bust, identity: Identity, detail: Detail
) -> Part:
    """The lashes of both eyes, bent hairs that fade to their tips; they move with the lids."""
    generator = np.random.default_rng(identity.seed + 500)
    points: list[Points] = []
    offsets: list[Points] = []
    alphas: list[Points] = []
    faces: list[IntArray] = []
    for row, group in _GROUPS.items():
        for side in "lr":
            rows = _rows(source.groups[group.format(side)].corners, body, bust)
            count, columns = round(HAIRS[row] * detail.fine_hairs), len(rows[0]) - 1
            place = np.sort(generator.uniform(0.04, 0.98, count)) * columns
            fan = generator.normal(0, 0.30, count)
            reach = REACH[row] * identity.lashes * generator.uniform(0.75, 1.0, count)
            where = [
                (np.clip(place + share * fan, 0, columns), ROOT + share * (reach - ROOT)) for share in BENDS
            ]
            line = np.stack([_on_strip(body, rows, *spot) for spot in where])
            moved = np.stack([[_on_strip(shape, rows, *spot) for spot in where] for shape in shapes])
            across = np.gradient(line[0], axis=0)
            across *= (
                WIDTH[row]
                / detail.fine_hairs
                / 2
                / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
            )
            ribbon = [
                line[0] - across,
                line[0] + across,
                line[1] - 0.7 * across,
                line[1] + 0.7 * across,
                line[2],
            ]
            faces.append(
                _HAIR + 5 * (np.arange(count) + sum(len(hairs) for hairs in points) // 5)[:, None, None]
            )
            points.append(np.stack(ribbon, axis=1).reshape(-1, 3))
            offsets.append(moved[:, [0, 0, 1, 1, 2]].transpose(0, 2, 1, 3).reshape(len(shapes), -1, 3))
            strength = STRENGTH[row] * generator.uniform(0.7, 1.0, count)
            alphas.append((strength[:, None] * np.array([1.0, 1.0, 0.9, 0.9, 0.15])).ravel())
    vertices = np.concatenate(points).astype(np.float32)
    alpha = np.concatenate(alphas)[:, None]
    colours = np.concatenate([np.tile([0.016, 0.010, 0.008], (len(vertices), 1)), alpha], axis=1).astype(
        np.float32
    )
    triangles = np.concatenate(faces).reshape(-1, 3)
    return living_part(
        LASHES, vertices, triangles, colours, np.concatenate(offsets, axis=1).astype(np.float32)
    )


def _along(chain: Points, place: Points) -> Points:
    """Points (N, 3) of a chain of vertices (K, 3) at ``place`` (N,), 0..K - 1."""
    first = np.minimum(place.astype(np.int64), len(chain) - 2)
    share = (place - first)[:, None]
    return np.asarray((1 - share) * chain[first] + share * chain[first + 1])


def _on_strip(values: Points, rows: list[IntArray], place: Points, reach: Points) -> Points:
    """Values (N, 3) of a strip's vertices at ``place`` (N,) along it and ``reach`` (N,), 0..1, across it."""
    level = np.clip(reach, 0, 1) * (len(rows) - 1)
    levels = np.stack([_along(values[row], place) for row in rows])
    first = np.minimum(level.astype(np.int64), len(rows) - 2)
    share, each = (level - first)[:, None], np.arange(len(place))
    return np.asarray((1 - share) * levels[first, each] + share * levels[first + 1, each])


def _rows(quads: IntArray, body: FloatArray, bust: Bust) -> list[IntArray]:
    """The vertices of a strip of quads by rows, from the lid away, each from the nose outwards."""
    sides = np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2)
    edges, uses = np.unique(np.sort(sides, axis=1), axis=0, return_counts=True)
    used, counts = np.unique(quads, return_counts=True)
    corners = set(used[counts == 1].tolist())
    rim = _neighbours(edges[uses == 1])
    chains: dict[tuple[int, int], list[int]] = {}
    for corner in sorted(corners):
        for following in rim[corner]:
            chain = [corner, following]
            while chain[-1] not in corners:
                chain.append(next(vertex for vertex in rim[chain[-1]] if vertex != chain[-2]))
            chains[min(chain[0], chain[-1]), max(chain[0], chain[-1])] = chain
    tree = cKDTree(bust.vertices)
    long = sorted(chains.values(), key=len)[-2:]
    first = min(long, key=lambda chain: float(tree.query(body[chain])[0].mean()))
    first = first if abs(body[first[0], 0]) < abs(body[first[-1], 0]) else first[::-1]
    every, rows, seen = _neighbours(edges), [first], set(first)
    while len(seen) < len(used):  # the next row's vertex is the only one beside that isn't seen yet
        beyond = [next(beside for beside in every[vertex] if beside not in seen) for vertex in rows[-1]]
        rows.append(beyond)
        seen |= set(beyond)
    return [np.array(row) for row in rows]


def _neighbours(edges: IntArray) -> dict[int, list[int]]:
    beside: dict[int, list[int]] = {}
    for first, last in edges.tolist():
        beside.setdefault(first, []).append(last)
        beside.setdefault(last, []).append(first)
    return beside
