"""A bob: hair parted at the side that falls to the chin, covers the ears, and turns in at its ends."""

from __future__ import annotations

from typing import Final

import numpy as np

from avatar.head.detail import Detail
from avatar.head.loft import Sheet, Skull, between, direction, joined, sheet, strands, thinned, waves
from avatar.head.source import IntArray, Points
from avatar.head.surface import Shading, triangles

LINES: Final = 100  # a side
STEPS: Final = 20
FALL: Final = 0.52  # share of a line that lies on the skull; the rest hangs
PARTING: Final = 0.020  # metres to the left of the middle
FRONT: Final = 47.0  # degrees up from the skull's centre where the parting meets the forehead
CROWN: Final = 116.0
OPEN: Final = 63.0  # degrees round from the front to which the face is free
ENDS: Final = (-0.093, -0.112)  # metres under the eyes, in front and behind
VOLUME: Final = 0.0135
EARS: Final = (0.0905, 0.108)  # half axes, metres, of the ellipse within which hair doesn't hang
ALONG: Final = FALL * np.concatenate([[0, 0.035, 0.09], np.linspace(0.17, 1 / FALL, 17)])
FINE: Final = 150  # strands a side that lie on the surface
EDGE: Final = ((0.6, 0.08), (0.75, 0.20), (0.9, 0.55))  # how much of the light reaches it, by row
SHORT: Final = 110  # fine hairs a side that soften the hairline
WISPS: Final = 36  # and along the edge beside the face


def bob(skull: Skull, seed: int, detail: Detail) -> tuple[Sheet, Sheet]:
    """The opaque underside, and the outside that fades at its edges."""
    generator = np.random.default_rng(seed + 200)
    under, over, loose = [], [], []
    for side in (1.0, -1.0):
        where = np.linspace(0, 1.03, LINES)  # both sides overlap behind
        locks = waves(generator, where, (9, 19, 37)) * np.clip((1.0 - where) / 0.06, 0, 1)
        length = 0.004 * waves(generator, where, (25, 60)) * np.clip((1.03 - where) / 0.06, 0, 1)
        lines = _lines(skull, side, where, locks, length, 0.0)
        tones = _tones(generator, where)
        alpha = np.ones((LINES, STEPS))
        alpha[:, 0], alpha[:, -1] = 0.0, 0.0
        rolled, rolled_tones, rolled_alpha = _rolled_edge(skull, lines, tones, alpha)
        kept = thinned(rolled.shape[:2], detail.bob, (4, 3))
        over.append(sheet(rolled[kept], rolled_tones[kept], rolled_alpha[kept], generator, side))
        coarse = np.linspace(0, 1.03, 28)
        inner = _lines(skull, side, coarse, np.zeros(28), np.full(28, 0.007), -0.0045)
        inner = inner[thinned(inner.shape[:2], detail.bob, (1, 3))]
        under.append(
            sheet(inner, np.full(inner.shape[:2], 0.16), np.ones(inner.shape[:2]), generator, side, 0)
        )
        loose.append(_strands(skull, side, generator, detail))
        loose.append(_short_hairs(skull, side, generator, detail))
    return joined(under), joined([*over, *loose])


def _lines(skull: Skull, side: float, where: Points, locks: Points, length: Points, lift: float) -> Points:
    """Lines (lines, STEPS, 3) from the parting to the ends; ``where`` is 0 at the face and 1 behind."""
    root = _root(side, where)
    around = OPEN + (180 - OPEN) * np.sign(where) * np.abs(where) ** 0.92
    low = direction(around, np.full_like(around, 4.0), side)
    along = ALONG
    lain = np.clip(along / FALL, 0, 1)
    towards = between(root[:, None], low[:, None], np.broadcast_to(lain**0.9, (len(where), STEPS)))
    front = np.exp(-((where / 0.10) ** 2))[:, None]
    rise = np.clip(lain / 0.26, 0, 1)[None, :] ** 0.38
    volume = (VOLUME + 0.004 * np.sin(np.pi * lain)[None, :]) * (1 - 0.42 * front) * rise + 0.0012 * (
        1 - rise
    )
    volume = volume + 0.0013 * locks[:, None] * np.clip(along / 0.5, 0, 1)[None, :] + lift * rise
    points = skull.centre + towards * (skull.radius(towards) + volume)[:, :, None]
    hanging = np.clip((along - FALL) / (1 - FALL), 0, 1)[None, :, None]
    ends = np.interp(where, [0, 1], ENDS) + length
    middle = skull.centre
    anchor = points[:, np.searchsorted(along, FALL)][:, None]
    flat = (anchor - middle) * np.array([1, 0, 1])
    reach = np.linalg.norm(flat, axis=2, keepdims=True)
    flat = flat / reach
    flat = flat + hanging * np.exp(-((where / 0.22) ** 2))[:, None, None] * np.array([0, 0, 0.13])
    tucked = 0.023 + 0.016 * where**2 + 0.0018 * locks
    curl = 0.004 * np.sin(np.pi * hanging) - tucked[:, None, None] * hanging**2.2
    fallen = middle + flat * (reach + curl)
    fallen[:, :, 1] = anchor[:, :, 1] + hanging[:, :, 0] * (ends[:, None] - anchor[:, :, 1])
    points = np.where(hanging > 0, fallen, points)
    points = _outside_the_ears(points, middle, lift)
    for _ in range(5):  # no corner where a line leaves the skull
        points[:, 3:-1] = (points[:, 2:-2] + 2 * points[:, 3:-1] + points[:, 4:]) / 4
    return points


def _root(side: float, where: Points) -> Points:
    """Directions (lines, 3) at which lines leave the parting, and behind it the crown."""
    back = np.clip(where / 0.5, 0, 1)
    turn = np.radians(FRONT + (CROWN - FRONT) * back)
    sideways = PARTING / 0.11 * (1 - 0.55 * back)
    root = np.stack([sideways + 0.001 * side * np.ones_like(turn), np.sin(turn), np.cos(turn)], axis=-1)
    return np.asarray(root / np.linalg.norm(root, axis=-1, keepdims=True))


def _outside_the_ears(points: Points, middle: Points, lift: float) -> Points:
    wide, deep = EARS[0] + lift, EARS[1] + lift
    flat = points - middle
    inside = np.sqrt((flat[..., 0] / wide) ** 2 + (flat[..., 2] / deep) ** 2)
    needed = np.clip((0.045 - points[..., 1]) / 0.05, 0, 1) * np.clip((points[..., 1] + 0.085) / 0.03, 0, 1)
    grow = np.where(inside < 1, 1 + needed * (1 / np.maximum(inside, 0.5) - 1), 1)
    grow = 1 + (grow - 1) * np.clip((np.abs(flat[..., 0]) - 0.015) / 0.045, 0, 1)
    moved = points.copy()
    moved[..., 0] = middle[0] + flat[..., 0] * grow
    moved[..., 2] = middle[2] + flat[..., 2] * grow
    return moved


def _tones(generator: np.random.Generator, where: Points) -> Points:
    """How light (lines, STEPS) hair is: locks, single hairs, darker at the roots and lighter at the ends."""
    line = 0.055 * waves(generator, where, (8, 20)) + 0.05 * generator.normal(0, 1, len(where))
    line = 0.40 + line * np.clip((1.04 - where) / 0.12, 0.3, 1)  # both sides are alike where they meet
    along = np.interp(ALONG, [0, 0.12, 0.5, 1], [0.62, 0.9, 1.0, 1.12])
    drift = np.stack([waves(generator, ALONG, (5,)) for _ in range(12)])
    drift = drift[(np.arange(len(where)) * 12 // len(where))]
    return np.asarray(np.clip(line, 0.16, 0.8)[:, None] * along[None, :] * (1 + 0.03 * drift))


def _rolled_edge(skull: Skull, lines: Points, tones: Points, alpha: Points) -> tuple[Points, Points, Points]:
    """The lines with three more before the first, by which the edge beside the face turns in to the skin."""
    edge, away = lines[0], lines[0] - skull.centre
    way = away / np.linalg.norm(away, axis=1, keepdims=True)
    inwards = lines[2] - lines[0]
    inwards /= np.maximum(np.linalg.norm(inwards, axis=1, keepdims=True), 1e-9)
    deep = np.interp(ALONG, [0, 0.1, 0.5, 0.62, 1], [0.001, 0.006, 0.011, 0.026, 0.022])[:, None]
    added = [
        edge - 0.95 * deep * way + 0.30 * deep * inwards,
        edge - 0.62 * deep * way - 0.06 * deep * inwards,
        edge - 0.25 * deep * way - 0.10 * deep * inwards,
    ]
    hidden = np.interp(ALONG, [0.25, 0.5], [0, 1])  # at the temple the edge lies on the skin, and is lit
    shades = np.stack([(lit + hidden * (dark - lit)) * tones[0] for lit, dark in EDGE])
    clear = np.stack([0.0 * alpha[0], 0.85 * alpha[0], alpha[0]])
    return (
        np.concatenate([np.stack(added), lines]),
        np.concatenate([shades, tones]),
        np.concatenate([clear, alpha]),
    )


def _strands(skull: Skull, side: float, generator: np.random.Generator, detail: Detail) -> Sheet:
    """Fine hairs on the surface, some of which leave it a little at the ends."""
    wisps, fine = round(WISPS * detail.strands), round(FINE * detail.strands)
    where = np.sort(np.concatenate([generator.uniform(-0.03, 0.05, wisps), generator.uniform(0, 1, fine)]))
    count = len(where)
    locks = generator.normal(0, 1.0, count)
    lines = _lines(skull, side, where, locks, generator.normal(-0.001, 0.005, count), 0.0012)
    facing = _facing(lines, side)
    tones = np.clip(generator.normal(0.44, 0.12, count), 0.15, 0.9)[:, None] * np.ones(STEPS)
    alpha = np.interp(ALONG, [0, 0.15, 0.8, 1], [0, 0.7, 0.75, 0])[None, :]
    alpha = alpha * generator.uniform(0.5, 1, (count, 1))
    widths = generator.uniform(0.0009, 0.0024, count)
    return strands(lines[:, ::2], facing[:, ::2], widths, tones[:, ::2], alpha[:, ::2])


def _short_hairs(skull: Skull, side: float, generator: np.random.Generator, detail: Detail) -> Sheet:
    """Fine hairs that leave the forehead just before the hairline and lie back into it."""
    count = round(SHORT * detail.strands)
    start = generator.uniform(0.02, 0.62, count)
    ahead = generator.uniform(0.0, 0.045, count)
    swing = np.linspace(0, 1, 4)
    where = -ahead[:, None] + swing * (ahead + 0.03)[:, None]
    lain = np.clip(start[:, None] + 0.13 * swing, 0, 1)
    root = _root(side, np.clip(where, 0, 1))
    low = direction(OPEN + (180 - OPEN) * where, np.full_like(where, 4.0), side)
    towards = between(root, low, lain**0.9)
    before = direction(np.full_like(where, 8.0), np.full_like(where, 30.0), side)
    towards = towards + 0.75 * ahead[:, None, None] * (1 - swing[:, None]) * (before - towards)
    towards /= np.linalg.norm(towards, axis=-1, keepdims=True)
    above = 0.0003 + 0.0075 * swing**1.5
    lines = skull.centre + towards * (skull.radius(towards) + above)[:, :, None]
    alpha = np.array([0.05, 0.42, 0.5, 0.1]) * generator.uniform(0.4, 1, (count, 1))
    tones = generator.uniform(0.3, 0.5, (count, 1)) * np.ones(4)
    return strands(lines, towards, generator.uniform(0.0005, 0.0011, count), tones, alpha)


def _facing(lines: Points, side: float) -> Points:
    """Normals of the surface over all ``lines`` (lines, points, 3)."""
    count, points = lines.shape[:2]
    first = (np.arange(count - 1)[:, None] * points + np.arange(points - 1)[None, :]).ravel()
    quads: IntArray = np.stack([first, first + 1, first + points + 1, first + points], axis=1)
    faces = triangles(quads if side > 0 else quads[:, ::-1])
    return Shading(faces, count * points).normals(lines.reshape(-1, 3)).reshape(lines.shape)
