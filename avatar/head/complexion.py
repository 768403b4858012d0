"""Colours of skin, lips and mouth by vertex: blood, shadow, brows, stubble, and what light doesn't reach."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from avatar.animator import FloatArray
from avatar.head.bust import Bust
from avatar.head.identity import Colour, Identity
from avatar.head.source import Points
from avatar.head.surface import Shading, triangles

CAVITY: Final = (0.011, 0.0022, 0.002)  # linear: the throat
MUCOSA: Final = (0.26, 0.065, 0.058)  # the inner side of the lips
CARUNCLE: Final = (0.50, 0.17, 0.14)  # the pink inner corner of the eye
DEEP: Final = 0.022  # metres behind the lips from which the mouth is as dark as its throat
WARM_SHADOW: Final = (0.80, 1.08, 1.18)  # powers of the light left: what skin lets through is red


def skin_colours(
    bust: Bust, identity: Identity, brows: Points, hair: Points, light: Points, eyes: Points, lashes: Points
) -> FloatArray:
    """Linear colours (N, 4) of the skin.

    ``brows``, ``hair`` and ``lashes`` (N,) say how densely they grow, ``light`` (N,) what share of the
    light around reaches a vertex; ``eyes`` (2, 3) are their centres.
    """
    vertices, masks = bust.vertices, bust.masks
    shading = Shading(triangles(bust.quads), len(vertices))
    colour = np.tile(np.array(identity.skin), (len(vertices), 1))
    lips = shading.smoothed(masks["lips"], 2)
    mouth = vertices[masks["lips"] > 0.5].mean(axis=0)
    flat = np.stack([np.abs(vertices[:, 0]), vertices[:, 1]], axis=1)
    front = np.clip((vertices[:, 2] - 0.05) / 0.02, 0, 1)
    eye = np.array([np.abs(eyes[:, 0]).mean(), eyes[:, 1].mean()])

    cool = np.array(identity.skin) * np.array([0.80, 0.80, 0.88])
    socket = _spot(flat, (eye[0] - 0.004, eye[1] - 0.013), 0.020) + _spot(
        flat, (eye[0] - 0.008, eye[1] + 0.012), 0.018
    )
    colour = _mix(colour, tuple(cool), 0.26 * socket * front)
    bright = np.array(identity.skin) * np.array([1.07, 1.06, 1.03])
    brow_bone = _spot(flat, (0.0, eye[1] + 0.048), 0.060) + _spot(
        flat, (eye[0] + 0.012, eye[1] - 0.022), 0.022
    )
    colour = _mix(colour, tuple(np.minimum(bright, 1)), 0.45 * brow_bone * front)
    tip = int(np.argmax(np.where(front > 0, vertices[:, 2], -1)))
    rosy = 0.46 * _spot(flat, (eye[0] + 0.014, eye[1] - 0.040), 0.036) * front
    rosy = rosy + 0.36 * _spot(vertices, vertices[tip], 0.020) + 0.36 * masks["ears"]
    rosy = rosy + 0.20 * masks["eyelids"] + 0.22 * _spot(flat, (0.0, mouth[1] - 0.038), 0.022) * front
    colour = _mix(colour, identity.blush, shading.smoothed(rosy, 2))
    if identity.beard:
        colour = _mix(colour, identity.hair, identity.beard * _stubble(bust, mouth, identity.seed))
    colour = colour * _mottled(vertices, identity.seed)
    colour = _mix(colour, identity.lips, 0.80 * lips**1.2)
    colour = _lid_rims(bust, eyes, colour)
    colour = _mix(colour, (0.030, 0.016, 0.013), 0.8 * identity.lashes * lashes)
    colour = _mix(colour, identity.hair, 0.42 * brows)
    colour = _mix(colour, identity.hair, 0.88 * np.clip(hair, 0, 1) ** 0.9)
    light = light + 0.72 * (1 - light) * shading.smoothed(masks["eyelids"], 3)
    folds = np.clip(shading.hollowness(vertices, bust.normals) - 0.05, 0, 0.45)
    reached = np.clip(0.38 + 0.70 * light, 0, 1) * (1 - 0.85 * folds)
    return _opaque(colour * reached[:, None] ** np.array(WARM_SHADOW))


def mouth_colours(bust: Bust, identity: Identity) -> FloatArray:
    """Linear colours (N, 4) of the mouth's inside: from the lips by mucosa to the dark throat."""
    vertices = bust.vertices
    lips = vertices[(bust.masks["lips"] > 0.6) & ~bust.inside_mouth]
    away, _ = cKDTree(lips).query(vertices)
    colour = _mix(
        np.tile(np.array(identity.lips) * 0.55, (len(vertices), 1)), MUCOSA, np.clip(away / 0.006, 0, 1)
    )
    return _opaque(_mix(colour, CAVITY, np.clip(away / DEEP, 0, 1) ** 0.55))


def lip_gloss(bust: Bust, identity: Identity) -> FloatArray:
    """Colours (N, 4) of the moist film over the lips; alpha fades out at their border."""
    shading = Shading(triangles(bust.quads), len(bust.vertices))
    film = np.clip((shading.smoothed(bust.masks["lips"], 3) - 0.30) / 0.6, 0, 1) * 0.5
    colours = np.tile(np.array([*identity.lips, 1.0]), (len(film), 1))
    colours[:, 3] = film
    return np.asarray(colours, dtype=np.float32)


def _stubble(bust: Bust, mouth: Points, seed: int) -> Points:
    """How densely (N,) a shaved beard shows."""
    vertices = bust.vertices
    sideways, height = np.abs(vertices[:, 0]), vertices[:, 1] - mouth[1]
    jaw = _rise(-height, 0.012, 0.014) * _rise(vertices[:, 2], 0.030, 0.03)
    lip = _spot(np.stack([sideways, height], 1), (0.012, 0.017), 0.020) * (height > 0)
    throat = _rise(height, -0.078, 0.022)
    cheeks = 1 - _spot(np.stack([sideways, height], 1), (0.046, 0.028), 0.036)
    speckle = np.random.default_rng(seed + 400).normal(1, 0.10, len(vertices))
    return np.asarray(0.38 * np.clip((jaw * cheeks + 0.8 * lip), 0, 1) * throat * speckle)


def _lid_rims(bust: Bust, eyes: Points, colour: Points) -> Points:
    """Pink along the lower lid and in the inner corner."""
    for eye in eyes:
        away = bust.vertices - eye
        near = np.linalg.norm(away, axis=1)
        front = away[:, 2] > 0.004
        rim = np.clip((0.0172 - near) / 0.0016, 0, 1) * front
        colour = _mix(colour, CARUNCLE, 0.45 * rim * np.clip(-away[:, 1] / 0.003, 0, 1))
        corner = bust.vertices[front & (near < 0.024) & (bust.masks["eyelids"] > 0.3)]
        if len(corner):
            place = corner[np.argmin(corner[:, 0] * np.sign(eye[0]))]
            colour = _mix(colour, CARUNCLE, 0.55 * _spot(bust.vertices, place, 0.0065))
    return colour


def _mottled(vertices: Points, seed: int) -> Points:
    """Slow changes of skin over centimetres, and a little from vertex to vertex. (N, 3)."""
    generator = np.random.default_rng(seed)
    slow = np.zeros(len(vertices))
    for _ in range(10):
        wave = generator.normal(0, 1, 3)
        wave *= generator.uniform(90, 260) / np.linalg.norm(wave)
        slow += np.sin(vertices @ wave + generator.uniform(0, 6.28)) / np.sqrt(9)
    fine = generator.normal(0, 0.010, len(vertices))
    redness = np.outer(slow, [0.004, 0.014, 0.016])
    return np.asarray(1 + fine[:, None] + 0.010 * slow[:, None] - redness)


def _spot(points: Points, centre: Points | tuple[float, ...], width: float) -> Points:
    squared = ((points - np.asarray(centre)) ** 2).sum(axis=1)
    return np.asarray(np.exp(-squared / (2 * (width / 2) ** 2)))


def _rise(values: Points, middle: float, width: float) -> Points:
    return np.asarray(1 / (1 + np.exp(-4 * (values - middle) / width)))


def _mix(colours: Points, other: Colour, share: Points) -> Points:
    weight = np.clip(share, 0, 1)[:, None]
    return np.asarray(colours * (1 - weight) + np.array(other) * weight)


def _opaque(colours: Points) -> FloatArray:
    return np.concatenate([np.clip(colours, 0, 1), np.ones((len(colours), 1))], axis=1).astype(np.float32)
