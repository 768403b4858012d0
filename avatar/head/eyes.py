"""Eyeballs with sclera, iris, pupil, and a cornea that catches the light."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.gltf import Material, Part
from avatar.gltf.model import Node
from avatar.head.detail import Detail
from avatar.head.identity import Identity
from avatar.head.source import BodySource
from avatar.head.surface import triangles

EYE: Final = Material("eye", roughness=0.08)

IRIS: Final = 27.5  # degrees from the axis
PUPIL: Final = 9.5


def eyeball(
    source: BodySource, body: FloatArray, identity: Identity, node: Node, detail: Detail
) -> tuple[Part, FloatArray]:
    """One eye about its own centre, and that centre (3,) in metres."""
    group = "helper-l-eye" if node == "eyeLeft" else "helper-r-eye"
    old = body[np.unique(source.groups[group].corners)]
    centre = (old.min(axis=0) + old.max(axis=0)) / 2
    radius = float(np.linalg.norm(old - centre, axis=1).max()) * 0.985
    segments = detail.eye_segments
    polar, around = np.meshgrid(
        np.radians(np.array(detail.eye_rings)),
        np.linspace(0, 2 * np.pi, segments, endpoint=False),
        indexing="ij",
    )
    degrees = np.degrees(polar)
    bulge = 0.055 * np.clip(
        1 - (degrees / (IRIS + 4)) ** 2, 0, 1
    )  # the cornea stands out, and catches the light
    distance = radius * (1 + bulge)
    points = (
        np.stack(
            [
                distance * np.sin(polar) * np.cos(around),
                distance * np.sin(polar) * np.sin(around),
                distance * np.cos(polar),
            ],
            axis=2,
        )
        .reshape(-1, 3)
        .astype(np.float32)
    )
    rings = np.arange(len(detail.eye_rings) - 1)[:, None] * segments
    turn = np.arange(segments)[None, :]
    following = (turn + 1) % segments
    quads = np.stack(
        [rings + turn, rings + segments + turn, rings + segments + following, rings + following], axis=2
    )
    colours = _eye_colours(degrees, around, identity).reshape(-1, 4)
    normals = points / np.linalg.norm(points, axis=1, keepdims=True)
    nothing = np.zeros((0, len(points), 3), dtype=np.float32)
    part = Part(
        node=node, material=EYE, positions=points, normals=normals.astype(np.float32), colours=colours,
        triangles=triangles(quads.reshape(-1, 4)).astype(np.uint32), morphs=nothing, morph_normals=nothing,
        head_weight=np.ones(len(points), dtype=np.float32),
    )  # fmt: skip
    return part, centre.astype(np.float32)


def _eye_colours(degrees: NDArray[np.float64], around: NDArray[np.float64], identity: Identity) -> FloatArray:
    generator = np.random.default_rng(identity.seed + 100)
    fibres = generator.normal(1, 0.16, (1, degrees.shape[1])) + generator.normal(0, 0.07, degrees.shape)
    iris = np.array(identity.iris) * fibres[:, :, None]
    collarette = np.clip(1 - np.abs(degrees - 14) / 4, 0, 1)[:, :, None]
    iris = iris * (1 + 0.7 * collarette) + 0.02 * collarette
    rim = np.clip((degrees - 22.5) / 4, 0, 1)[:, :, None]
    iris = iris * (1 - 0.85 * rim)
    white = np.array([0.70, 0.66, 0.63]) * np.ones((*degrees.shape, 1))
    red = np.clip((degrees - 45) / 60, 0, 1)[:, :, None] * np.abs(np.cos(around))[:, :, None]
    white = white * (1 - red * np.array([0.05, 0.35, 0.38]))
    shade = np.clip(np.sin(around), 0, 1)[:, :, None] * np.clip((degrees - 20) / 45, 0, 1)[:, :, None]
    white = white * (1 - 0.55 * shade)  # the upper lid's shadow
    edge = np.clip((degrees - 30) / 30, 0, 1)[:, :, None]
    white = white * (1 - np.array([0.26, 0.36, 0.38]) * edge)  # and the depth between both
    colour = np.where((degrees <= 27.6)[:, :, None], iris, white)
    colour = np.where((degrees <= PUPIL)[:, :, None], 0.004, colour)
    alpha = np.ones((*degrees.shape, 1))
    return np.concatenate([np.clip(colour, 0, 1), alpha], axis=2).astype(np.float32)
