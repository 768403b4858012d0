"""Smiles and brows laid over an animator's face."""

from __future__ import annotations

import numpy as np
import pytest

from avatar.expression import Expression
from avatar.motion import ARTICULATORS, HEAD, NAMES, Column, neutral, validate

SECOND = 25  # frames


def held(valence: float, arousal: float, strength: float = 1.0, motion=None, frames: int = 3 * SECOND):
    expression = Expression(strength)
    face = neutral() if motion is None else motion
    return np.stack([expression.step(face, valence, arousal) for _ in range(frames)])


@pytest.mark.parametrize(
    ("valence", "arousal", "moved"),
    [
        (0.8, 0.4, {"mouthSmile", "cheekSquint", "browOuterUp"}),
        (0.8, 0.0, {"mouthSmile", "cheekSquint"}),
        (-0.8, 0.0, {"mouthFrown", "browInnerUp"}),
        (-1.0, 1.0, {"mouthFrown", "browDown"}),
        (0.0, 0.8, {"browOuterUp"}),
        (0.0, 0.0, set()),
    ],
    ids=["joy", "contentment", "sorrow", "anger", "surprise", "calm"],
)
def test_each_feeling_has_its_own_look(valence, arousal, moved):
    last = held(valence, arousal)[-1]
    names = {NAMES[column].removesuffix("Left").removesuffix("Right") for column in np.flatnonzero(last)}
    assert names == moved


def test_nothing_that_shapes_sounds_or_moves_the_head_is_touched():
    rng = np.random.default_rng(3)
    face = np.asarray(rng.uniform(0, 0.5, 61), np.float32)
    for valence, arousal in ((1, 1), (-1, 0), (-1, 1)):
        moved = held(valence, arousal, motion=face)[-1]
        assert np.array_equal(moved[ARTICULATORS], face[ARTICULATORS])
        assert np.array_equal(moved[HEAD], face[HEAD])


def test_it_comes_and_goes_smoothly_and_leaves_nothing_behind():
    expression = Expression()
    feelings = [(1, 1)] * 40 + [(-1, 1)] * 40 + [(-1, 0)] * 40 + [(0, 0)] * 120
    faces = np.stack([expression.step(neutral(), *feeling) for feeling in feelings])
    assert np.abs(np.diff(faces, axis=0)).max() <= 0.04
    assert np.array_equal(faces[-1], neutral())


def test_a_face_stays_within_its_limits():
    smiling = neutral()
    smiling[[Column.mouthSmileLeft, Column.mouthSmileRight]] = 0.95
    validate(held(1.0, 1.0, motion=smiling))


def test_strength_scales_it():
    half, full = (held(1.0, 0.0, strength)[-1, Column.mouthSmileLeft] for strength in (0.5, 1.0))
    assert half == pytest.approx(full / 2, rel=1e-3)
