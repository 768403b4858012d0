"""Hair as one surface: sheets lofted over lines of combed hair, and fine strands that lie on them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from avatar.head.bust import Bust
from avatar.head.source import IntArray, Points
from avatar.head.surface import Shading, triangles


@dataclass(frozen=True)
class Sheet:
    """A surface of hair: ``positions`` and ``normals`` (N, 3), ``colours`` (N, 4), ``faces`` (M, 3)."""

    positions: Points = field(repr=False)
    normals: Points = field(repr=False)
    colours: Points = field(repr=False)
    faces: IntArray = field(repr=False)


def joined(sheets: list[Sheet]) -> Sheet:
    """Several sheets as one, drawn in this order."""
    starts = np.cumsum([0] + [len(sheet.positions) for sheet in sheets[:-1]])
    return Sheet(
        np.concatenate([sheet.positions for sheet in sheets]),
        np.concatenate([sheet.normals for sheet in sheets]),
        np.concatenate([sheet.colours for sheet in sheets]),
        np.concatenate([sheet.faces + start for sheet, start in zip(sheets, starts, strict=True)]),
    )


class Skull:
    """How far the skin is from ``centre`` in any direction; ears and the mouth's inside left out."""

    def __init__(self, bust: Bust, centre: Points) -> None:
        self.centre = centre
        outside = ~bust.inside_mouth & (bust.masks["ears"] < 0.3) & (bust.vertices[:, 1] > -0.12)
        away = bust.vertices[outside] - centre
        self._radius = np.linalg.norm(away, axis=1)
        self._tree = cKDTree(away / self._radius[:, None])

    def radius(self, directions: Points) -> Points:
        """Metres along unit ``directions`` (..., 3)."""
        far, nearest = self._tree.query(directions.reshape(-1, 3), k=6)
        weights = 1 / (far + 0.01) ** 2
        mean = (self._radius[nearest] * weights).sum(axis=1) / weights.sum(axis=1)
        return np.asarray(mean.reshape(directions.shape[:-1]))


def direction(around: Points, elevation: Points, side: float = 1.0) -> Points:
    """Unit vectors (..., 3) by degrees round from the face's front and up from the eyes' height."""
    turn, up = np.radians(around), np.radians(elevation)
    return np.stack(
        [side * np.sin(turn) * np.cos(up), np.sin(up) * np.ones_like(turn), np.cos(turn) * np.cos(up)],
        axis=-1,
    )


def between(first: Points, last: Points, share: Points) -> Points:
    """Unit vectors along great circles from ``first`` (..., 3) to ``last``, at ``share`` (...) of the way."""
    angle = np.arccos(np.clip((first * last).sum(axis=-1), -1, 1))[..., None]
    sine = np.maximum(np.sin(angle), 1e-6)
    share = share[..., None]
    return np.asarray((np.sin((1 - share) * angle) * first + np.sin(share * angle) * last) / sine)


def waves(generator: np.random.Generator, places: Points, counts: tuple[int, ...]) -> Points:
    """Smooth noise of unit size over ``places`` (N,), 0..1, with bumps of these counts. (N,)."""
    total = np.zeros_like(places)
    for count in counts:
        knots = generator.normal(0, 1, count + 2)
        smooth = np.interp(places * count, np.arange(count + 2), knots)
        total = total + smooth / np.sqrt(len(counts))
    return total


def thinned(
    shape: tuple[int, int], step: tuple[int, int], whole: tuple[int, int]
) -> tuple[IntArray, IntArray]:
    """Indices of every ``step``-th line and point, with the first ``whole`` of each and the last."""
    lines, points = (
        np.unique(np.concatenate([np.arange(first), np.arange(first, count, each), [count - 1]]))
        for first, each, count in zip(whole, step, shape, strict=True)
    )
    return lines[:, None], points[None, :]


def sheet(
    lines: Points,
    tones: Points,
    alpha: Points,
    generator: np.random.Generator,
    outward: float = 1.0,
    grain: float = 0.16,
) -> Sheet:
    """The surface over ``lines`` (lines, points, 3) with ``tones`` and ``alpha`` (lines, points).

    ``grain`` is how far each line's normals lean to its sides, as if single hairs caught the light.
    """
    count, points = lines.shape[:2]
    first = (np.arange(count - 1)[:, None] * points + np.arange(points - 1)[None, :]).ravel()
    quads = np.stack([first, first + 1, first + points + 1, first + points], axis=1)
    if outward < 0:
        quads = quads[:, ::-1]
    positions = lines.reshape(-1, 3)
    normals: Points = Shading(triangles(quads), len(positions)).normals(positions)
    normals = normals.reshape(count, points, 3)
    across = np.cross(np.gradient(lines, axis=1), normals)
    across /= np.maximum(np.linalg.norm(across, axis=2, keepdims=True), 1e-9)
    normals = normals + generator.normal(0, grain, (count, 1, 1)) * across
    normals /= np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-9)
    return Sheet(positions, normals.reshape(-1, 3), _coloured(tones, alpha), triangles(quads))


def strands(lines: Points, facing: Points, widths: Points, tones: Points, alpha: Points) -> Sheet:
    """Bands along ``lines`` (strands, points, 3), that face along ``facing``, ``widths`` (strands,) wide.

    They taper and fade towards both ends; ``tones`` and ``alpha`` are (strands, points).
    """
    count, points = lines.shape[:2]
    across = np.cross(np.gradient(lines, axis=1), facing)
    across /= np.maximum(np.linalg.norm(across, axis=2, keepdims=True), 1e-9)
    taper = np.sin(np.linspace(0.12, 0.97, points) * np.pi)[None, :, None]
    half = widths[:, None, None] * taper / 2
    positions = np.stack([lines - half * across, lines + half * across], axis=2).reshape(-1, 3)
    normals = np.stack([facing - 0.4 * across, facing + 0.4 * across], axis=2)
    normals /= np.maximum(np.linalg.norm(normals, axis=3, keepdims=True), 1e-9)
    first = 2 * (np.arange(count)[:, None] * points + np.arange(points - 1)[None, :]).ravel()
    quads = np.stack([first, first + 1, first + 3, first + 2], axis=1)
    colours = _coloured(np.repeat(tones, 2, axis=1), np.repeat(alpha, 2, axis=1))
    return Sheet(positions, normals.reshape(-1, 3), colours, triangles(quads))


def _coloured(tones: Points, alpha: Points) -> NDArray[np.float64]:
    """Vertex colours (N, 4) that lighten or darken the material's own; light hairs are a little warmer."""
    tone = np.clip(tones, 0, 1).reshape(-1, 1)
    warmth = np.array([1.0, 0.97, 0.92]) ** (2 * tone)
    return np.concatenate([tone * warmth, np.clip(alpha, 0, 1).reshape(-1, 1)], axis=1)
