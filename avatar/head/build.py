"""Builds a head: the same identity and data give the same model."""

from __future__ import annotations

from avatar.gltf import HeadModel
from avatar.head import bust, eyes, hair
from avatar.head.identity import Identity
from avatar.head.source import BodySource
from avatar.motion import NAMES, SHAPES


def build_head(identity: Identity, source: BodySource) -> HeadModel:
    """The head of one person."""
    body = source.identity(identity.targets)
    grown = bust.grow(source, identity)
    brow = hair.brow_density(grown)
    left, left_centre = eyes.eyeball(source, body, identity, "eyeLeft")
    right, right_centre = eyes.eyeball(source, body, identity, "eyeRight")
    parts = (
        *bust.parts(grown, identity, brow * identity.brow_strength, hair.density(grown, identity)),
        *eyes.teeth(source, body),
        eyes.tongue(source, body),
        hair.brows(grown, identity, brow),
        eyes.lashes(source, body, grown),
        *hair.hair(grown, identity),
        left,
        right,
    )
    return HeadModel(
        name=identity.name,
        parts=parts,
        target_names=NAMES[:SHAPES],
        pivot=grown.pivot,
        eye_left=left_centre,
        eye_right=right_centre,
    )
