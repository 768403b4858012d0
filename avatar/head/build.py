"""Builds a head: the same identity and data give the same model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from avatar.animator import FloatArray
from avatar.gltf import HeadModel, Part
from avatar.head import brows, bust, complexion, eyes, hair, lashes, mouth
from avatar.head.detail import FULL, Detail
from avatar.head.identity import Identity
from avatar.head.occlusion import openness, samples, spread
from avatar.head.source import BodySource
from avatar.head.surface import triangles
from avatar.motion import NAMES, SHAPES


def build_head(identity: Identity, source: BodySource, detail: Detail = FULL) -> HeadModel:
    """The head of one person; ``detail`` says how finely it is made."""
    body = source.identity(identity.targets, identity.rest)
    shapes = bust.articulate(source.shapes(identity.rest))
    grown = bust.grow(source, body, shapes)
    left, left_centre = eyes.eyeball(source, body, identity, "eyeLeft", detail)
    right, right_centre = eyes.eyeball(source, body, identity, "eyeRight", detail)
    hairs = hair.hair(grown, identity, detail)
    brow = brows.brow_density(grown, identity)
    light = baked_light(grown, hair.hair(grown, identity, FULL))  # coarse hair would let light through
    centres = np.stack([left_centre, right_centre])
    colours = bust.Colours(
        skin=complexion.skin_colours(
            grown,
            identity,
            brow * identity.brow_strength,
            hair.density(grown, identity),
            light,
            centres,
            lashes.lash_line(source, body, grown),
        ),
        mouth=complexion.mouth_colours(grown, identity),
        gloss=complexion.lip_gloss(grown, identity),
    )
    parts = (
        *bust.parts(grown, identity, colours, light, detail),
        *mouth.teeth(source, body, shapes, detail),
        mouth.tongue(source, body, shapes, detail),
        brows.brows(grown, identity, detail),
        lashes.lashes(source, body, shapes, grown, identity, detail),
        *hairs,
        left,
        right,
    )
    return HeadModel(
        name=identity.name,
        parts=tuple(quieted(part, detail.still) for part in parts),
        target_names=NAMES[:SHAPES],
        pivot=grown.pivot,
        eye_left=left_centre,
        eye_right=right_centre,
    )


def quieted(part: Part, still: float) -> Part:
    """``part`` without what its shapes move by less than ``still`` metres."""
    moving = np.abs(part.morphs).max(axis=2, keepdims=True, initial=0) > still
    return replace(part, morphs=part.morphs * moving, morph_normals=part.morph_normals * moving)


def baked_light(grown: bust.Bust, hairs: tuple[Part, ...]) -> FloatArray:
    """The share (N,) of the light around that reaches the bust's vertices under its hair."""
    faces = triangles(grown.quads)
    skin = samples(grown.vertices, faces)
    hair_samples = [samples(part.positions + grown.pivot, part.triangles) for part in hairs]
    light = openness(grown.vertices, grown.normals, np.concatenate([skin, *hair_samples]))
    return spread(light, grown.vertices, grown.normals)
