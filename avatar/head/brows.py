"""Brows: fine hairs along an arch that follow the skin, and how they tint it."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from avatar.animator import FloatArray
from avatar.gltf import Material, Part
from avatar.head.bust import Bust, living_part
from avatar.head.detail import Detail
from avatar.head.identity import Identity
from avatar.head.source import Points

BROWS: Final = Material("brows", roughness=0.85, double_sided=True, blend=True)
HAIRS: Final = 540  # a brow of strength 1
SPAN: Final = 0.019  # metres from the middle of the brow to where its arch is one unit long
INNER, OUTER = -1.05, 1.32  # ends, in units of the arch
WIDTH: Final = 0.00044  # metres at the root


def brow_density(bust: Bust, identity: Identity) -> FloatArray:
    """How densely brows grow on each vertex, 0..1: less at the inner end. (N,)."""
    across, above = _arch_coordinates(bust, identity)
    near = np.exp(-((above / (1.15 * identity.brow_height * _half(across))) ** 2))
    length = np.clip((across - INNER + 0.1) / 0.7, 0, 1) * np.clip((OUTER - across) / 0.4, 0, 1)
    front = (bust.vertices[:, 2] > 0.08) & (bust.normals[:, 2] > 0)
    return np.asarray(near * length * front, dtype=np.float32)


def brows(bust: Bust, identity: Identity, detail: Detail) -> Part:
    """Short hairs, each one triangle that fades to its tip, and that moves with the skin it grows on."""
    generator = np.random.default_rng(identity.seed + 300)
    count = int(HAIRS * identity.brow_strength * detail.fine_hairs)
    skin = np.flatnonzero((bust.vertices[:, 2] > 0.08) & (bust.normals[:, 2] > 0.1) & ~bust.inside_mouth)
    tree = cKDTree(bust.vertices[skin][:, :2])
    middle, tall = _middle(bust), identity.brow_height
    points, offsets, colours = [], [], []
    for side in (1.0, -1.0):
        across = INNER + (OUTER - INNER) * generator.beta(1.15, 1.1, count)
        rank = np.clip(generator.normal(0, 0.5, count), -1.05, 1.05)  # -1 the lower edge, 1 the upper
        flat = np.stack(
            [
                side * (middle[0] + SPAN * across),
                _height(across, middle[1], identity.brow_arch) + rank * tall * _half(across),
            ],
            axis=1,
        )
        far, nearest = tree.query(flat, k=4)
        near = skin[nearest]
        weights = 1 / (far + 2e-4)
        weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
        normal = np.einsum("nk,nkc->nc", weights, bust.normals[near])
        depth = (weights * bust.vertices[near, 2]).sum(axis=1)
        root = np.concatenate([flat, depth[:, None]], axis=1) + 0.00025 * normal
        # Inner hairs stand up, outer ones lie along the arch, and both edges lean towards its ridge.
        along = np.clip((across - INNER) / 0.75, 0, 1)
        slope = np.gradient(
            _height(np.linspace(INNER, OUTER, 50), 0.0, identity.brow_arch), (OUTER - INNER) * SPAN / 49
        )
        lean = np.interp(across, np.linspace(INNER, OUTER, 50), slope)
        angle = np.radians(72 - 60 * along - 16 * rank) + 0.8 * np.arctan(lean) * along
        angle = angle + generator.normal(0, 0.13, count)
        way = np.stack([side * np.cos(angle), np.sin(angle), np.zeros(count)], axis=1)
        way -= (way * normal).sum(axis=1, keepdims=True) * normal
        way /= np.linalg.norm(way, axis=1, keepdims=True)
        length = (
            generator.uniform(0.0040, 0.0066, (count, 1))
            * np.interp(across, [-1, 0.6, 1.3], [0.9, 1, 0.7])[:, None]
        )
        sideways = np.cross(way, normal) * WIDTH / detail.fine_hairs**0.6 / 2
        tip = root + length * way + 0.0006 * normal
        points.append(np.stack([root - sideways, root + sideways, tip], axis=1).reshape(-1, 3))
        moved = np.einsum("nk,snkc->snc", weights, bust.morphs[:, near])
        offsets.append(np.repeat(moved, 3, axis=1))
        strength = generator.uniform(0.45, 0.95, count) * np.interp(across, [INNER, -0.5], [0.55, 1.0])
        alpha = (strength[:, None] * np.array([1.0, 1.0, 0.1])).reshape(-1, 1)
        tone = np.repeat(generator.lognormal(0, 0.25, count), 3)[:, None]
        colours.append(np.concatenate([np.clip(0.8 * np.array(identity.hair) * tone, 0, 1), alpha], axis=1))
    vertices = np.concatenate(points).astype(np.float32)
    return living_part(
        BROWS,
        vertices,
        np.arange(len(vertices)).reshape(-1, 3),
        np.concatenate(colours).astype(np.float32),
        np.concatenate(offsets, axis=1).astype(np.float32),
    )


def _middle(bust: Bust) -> Points:
    eyes = bust.vertices[bust.masks["eyelids"] > 0.5]
    return np.array([np.abs(eyes[:, 0]).mean(), eyes[:, 1].mean()])


def _height(across: Points, eye: float, arch: float) -> Points:
    """Metres of the arch's ridge."""
    rise = 0.0042 * np.clip(across + 0.3, -1, 0.7)
    fall = 0.0068 * np.clip(across - 0.30, 0, 1) ** 1.35
    return np.asarray(eye + 0.0188 + arch * (rise - fall))


def _half(across: Points) -> Points:
    """Half the brow's height, metres: widest near its inner end, a point at the outer one."""
    return np.interp(across, [-1.15, -0.75, 0.2, 0.8, OUTER], [0.0024, 0.0033, 0.0027, 0.0016, 0.0004])


def _arch_coordinates(bust: Bust, identity: Identity) -> tuple[Points, Points]:
    middle = _middle(bust)
    across = (np.abs(bust.vertices[:, 0]) - middle[0]) / SPAN
    return across, bust.vertices[:, 1] - _height(across, middle[1], identity.brow_arch)
