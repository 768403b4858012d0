"""A short cut: dense on top, fading to the skin at temples, ears and neck."""

from __future__ import annotations

from typing import Final

import numpy as np

from avatar.head.detail import Detail
from avatar.head.loft import Sheet, Skull, between, direction, joined, sheet, strands, thinned, waves
from avatar.head.source import Points

LINES: Final = 168  # round the head
STEPS: Final = 36  # from the crown to the hairline
CROWN: Final = 112.0  # degrees from the front, over the top
TALL: Final = 0.0095  # metres of hair on top
CLOSE: Final = 0.0026  # and at the sides
SOFT: Final = 0.13  # share of a line over which hair thins out at the hairline
TUFTS: Final = 1200

# Where hair begins: degrees above the skull's centre, against degrees round from the face's front.
ROUND: Final = (0, 14, 26, 36, 44, 52, 60, 67, 72, 78, 84, 90, 100, 112, 122, 140, 180)
HAIRLINE: Final = (44, 44.5, 45.5, 45, 40, 32, 24, 12, 0, -9, -4, 6, 10, 0, -16, -28, -32)


def hairline(around: Points) -> Points:
    """Degrees up from the skull's centre at which hair begins, ``around`` degrees from the front."""
    return np.interp(np.abs(around), ROUND, HAIRLINE)


def crop(skull: Skull, seed: int, detail: Detail) -> tuple[Sheet, Sheet]:
    """The outside that fades at its edge, and the single hairs that break its outline."""
    generator = np.random.default_rng(seed + 200)
    around = np.linspace(-180, 180, LINES)
    along = np.linspace(0, 1, STEPS) ** 0.85
    towards = _towards(around[:, None], along[None, :])
    grain = generator.normal(0, 1, (LINES, STEPS))
    grain[-1] = grain[0]
    clumps = _clumps(towards, generator)
    height = thickness(towards, along[None, :]) * (1 + 0.13 * clumps + 0.05 * grain)
    lines = skull.centre + towards * (skull.radius(towards) + height)[:, :, None]
    tones = 0.27 + 0.055 * clumps + 0.035 * grain + 0.04 * (towards[:, :, 1] > 0.8)
    edge = (1 - along) / SOFT
    ragged = 0.14 * waves(generator, (around + 180) / 360, (60, 110))[:, None]
    # Coarse hair stands off the skin's outline in places: the less of it is clear, the less shows through.
    alpha = np.clip(edge[None, :] * (1 + ragged), 0, 1) ** (1.1 if detail.subdivided else 0.35)
    kept = thinned(lines.shape[:2], detail.crop, (1, 1))
    cap = sheet(lines[kept], np.clip(tones, 0.08, 1)[kept], alpha[kept], generator, grain=0.0)
    rough = cap.normals + 0.16 * generator.normal(0, 1, cap.normals.shape)
    rough /= np.linalg.norm(rough, axis=1, keepdims=True)
    return Sheet(cap.positions, rough, cap.colours, cap.faces), _tufts(
        skull, generator, round(TUFTS * detail.strands)
    )


def thickness(towards: Points, along: Points) -> Points:
    """How high hair stands, metres, in these directions; ``along`` is 0 at the crown, 1 at the hairline."""
    top = np.clip((towards[..., 1] - 0.30) / 0.45, 0, 1)
    top = top * top * (3 - 2 * top)
    fade = np.clip((1 - along) / 0.22, 0, 1) ** 0.7
    return np.asarray((CLOSE + (TALL - CLOSE) * top) * fade + 0.0004)


def _towards(around: Points, along: Points) -> Points:
    turn = np.radians(CROWN)
    crown = np.array([0, np.sin(turn), np.cos(turn)])
    edge = direction(around, hairline(around))
    shape = np.broadcast_shapes(around.shape, along.shape)
    return between(crown * np.ones((*shape, 3)), edge * np.ones((*shape, 1)), along * np.ones(shape))


def _clumps(towards: Points, generator: np.random.Generator) -> Points:
    """Noise over directions (..., 3), about one unit, of curls some millimetres wide."""
    total = np.zeros(towards.shape[:-1])
    for wave in generator.normal(0, 1, (14, 3)):
        wave = wave / np.linalg.norm(wave) * generator.uniform(28, 60)
        total = total + np.sin(towards @ wave + generator.uniform(0, 6.28)) / np.sqrt(7)
    return total


def _tufts(skull: Skull, generator: np.random.Generator, count: int) -> Sheet:
    """Short hairs that stand up from the surface, shorter and finer towards the hairline."""
    around = generator.uniform(-180, 180, count)
    along = np.sqrt(generator.uniform(0.01, 1.0, count))
    along = np.where(generator.uniform(0, 1, count) < 0.35, generator.uniform(0.86, 1.01, count), along)
    towards = _towards(around, along)
    tall = thickness(towards, along)
    sway = generator.normal(0, 0.5, (count, 3))
    way = towards + sway + np.array([0, 0.2, 0.1])
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    root = skull.centre + towards * (skull.radius(towards) + 0.55 * tall)[:, None]
    length = 0.0014 + 0.42 * tall
    lines = root[:, None] + way[:, None] * (length[:, None] * np.array([0, 1.0])[None, :])[:, :, None]
    facing = np.cross(way, generator.normal(0, 1, way.shape))
    facing /= np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-9)
    facing = np.repeat(facing[:, None], 2, axis=1)
    tones = np.clip(generator.normal(0.28, 0.08, count), 0.1, 0.8)[:, None] * np.ones(2)
    alpha = np.broadcast_to(np.array([0.75, 0.0]), (count, 2)) * (0.4 + 0.6 * (along < 0.9))[:, None]
    bands = strands(lines, facing, 0.0007 + 0.05 * tall, tones, alpha)
    outward = np.repeat(towards, 4, axis=0)
    return Sheet(bands.positions, outward, bands.colours, bands.faces)


__all__ = ["crop", "hairline", "joined", "thickness"]
