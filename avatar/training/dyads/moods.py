"""Moods: how glad each party is over a conversation, steady within a turn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from avatar.animator import FRAME_SAMPLES, FloatArray
from avatar.motion import COLUMNS, Column
from avatar.training.dyads.timing import Contribution, Kind

MOOD = (-0.6, 0.8)  # of a conversation, shared by both
OWN = 0.2  # a party's own deviation, one standard deviation
SWING = 0.2  # from turn to turn
CHANGE = 25  # frames: 1 s in which a mood changes
SHORTEST_CHANGE = 12  # frames
MARGIN = 15  # frames round a turn in which it doesn't
WARMTH = 0.05  # smile of a face at rest
GLAD = 0.16  # smile of a glad one besides
SAD = 0.14  # frown of a sad one
REST_SHAPES = (
    (Column.mouthSmileLeft, 1.0, 0.0),
    (Column.mouthSmileRight, 1.0, 0.0),
    (Column.cheekSquintLeft, 0.3, 0.0),
    (Column.cheekSquintRight, 0.3, 0.0),
    (Column.mouthFrownLeft, 0.0, 1.0),
    (Column.mouthFrownRight, 0.0, 1.0),
    (Column.browDownLeft, 0.0, 0.6),
    (Column.browDownRight, 0.0, 0.6),
)  # amounts of smile and frown


def draw_moods(turns: Sequence[Contribution], frames: int, rng: np.random.Generator) -> FloatArray:
    """Valence of both parties, float32 (2, frames), -1..1; it changes between a party's turns only."""
    shared = float(rng.uniform(*MOOD))
    moods = np.zeros((2, frames))
    for party in range(2):
        own = shared + float(rng.normal(0, OWN))
        spans = [
            (turn.start // FRAME_SAMPLES - MARGIN, turn.end // FRAME_SAMPLES + MARGIN)
            for turn in turns
            if turn.party == party and turn.kind is Kind.TURN
        ]
        mood = _mood(own, rng)
        moods[party] = mood
        for (_, left), (entered, _) in pairwise(spans):
            if entered - left < SHORTEST_CHANGE:
                continue  # the other hardly said a word
            mood, before = _mood(own, rng), mood
            change = min(CHANGE, entered - left)
            first = (left + entered - change) // 2
            phase = np.clip((np.arange(first, frames) - first) / change, 0, 1)
            moods[party, first:] = before + (mood - before) * (0.5 - 0.5 * np.cos(np.pi * phase))
    return moods.astype(np.float32)


def _mood(own: float, rng: np.random.Generator) -> float:
    return float(np.clip(own + rng.normal(0, SWING), -1, 1))


def resting_face(valence: FloatArray) -> FloatArray:
    """A silent face in a mood, float32 (frames, 61): warmth and a smile, or a frown."""
    smile = WARMTH * np.clip(1 + valence, 0, 1) + GLAD * np.maximum(valence, 0)
    frown = SAD * np.maximum(-valence, 0)
    motion = np.zeros((len(valence), COLUMNS), dtype=np.float32)
    for column, smiling, frowning in REST_SHAPES:
        motion[:, column] = smiling * smile + frowning * frown
    return motion
