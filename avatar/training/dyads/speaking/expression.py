"""Brows that rise with the voice, and a mood that the moving mouth leaves room for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from avatar.motion import COLUMNS, Column
from avatar.training.dyads.speaking.accents import Accent, PhraseEnd, answered
from avatar.training.dyads.speaking.frames import at_frames, bump, frame_times, presence, spring
from avatar.training.dyads.speaking.phones import Array
from avatar.training.dyads.speaking.style import Style
from avatar.training.dyads.speaking.voice import HOP_RATE, Voice

BROW = 0.26  # of a full accent
BROW_FROM = 0.45  # strength of accent below which the brows stay
BROW_LEAD, BROW_RISE, BROW_FALL = 0.08, 0.18, 0.38  # s before the vowel; up; down
BROW_LIFT = 0.018  # a semitone above habit
BROW_SPEED = 8.0  # rad/s of the spring
QUESTION = 0.26  # at a phrase that ends in a full rise
QUESTION_LEAD, QUESTION_RISE, QUESTION_FALL = 0.25, 0.30, 0.60  # s
HIGHEST = 0.75
SMILE, SMILE_CHEEK = 0.46, 0.50  # at valence 1; cheeks per smile
SMILE_YIELD = 0.80  # share of the smile that fully rounded lips take away
FROWN, FROWN_BROW, FROWN_INNER = 0.34, 0.30, 0.16  # at valence -1


def speaking_expression(
    accented: Sequence[Accent],
    ends: Sequence[PhraseEnd],
    voice: Voice,
    valence: float,
    mouth: Array,
    style: Style,
) -> Array:
    """Columns of brows, smile and frown (frames, 61), everything else 0, to be added to ``mouth``
    (frames, 61); at rest at either end.
    """
    frames = len(mouth)
    time, there = frame_times(frames), presence(frames)
    motion = np.zeros((frames, COLUMNS))
    raised = BROW_LIFT * at_frames(
        spring(np.maximum(voice.lift, 0.0), BROW_SPEED, HOP_RATE), HOP_RATE, frames
    )
    strong = [
        Accent(accent.start, (accent.strength - BROW_FROM) / (1 - BROW_FROM))
        for accent in accented
        if accent.strength > BROW_FROM
    ]
    raised += BROW * answered(strong, time, BROW_LEAD, BROW_RISE, BROW_FALL)
    for end in ends:
        raised += (
            QUESTION * max(0.0, end.rise) * bump(time, end.end - QUESTION_LEAD, QUESTION_RISE, QUESTION_FALL)
        )
    raised = HIGHEST * np.tanh(style.animation * raised / HIGHEST) * there
    glad, sad = max(0.0, valence) * there, max(0.0, -valence) * there
    rounded = np.clip(1.6 * (mouth[:, Column.mouthPucker] + 0.6 * mouth[:, Column.mouthFunnel]), 0.0, 1.0)
    smile = SMILE * glad * (1 - SMILE_YIELD * rounded)
    motion[:, Column.browInnerUp] = raised + FROWN_INNER * sad
    for side, more in (("Left", 1 + style.lean), ("Right", 1 - style.lean)):
        motion[:, Column[f"browOuterUp{side}"]] = 0.75 * more * raised * (1 - 0.5 * sad)
        motion[:, Column[f"browDown{side}"]] = FROWN_BROW * sad
        motion[:, Column[f"mouthSmile{side}"]] = more * smile
        motion[:, Column[f"cheekSquint{side}"]] = SMILE_CHEEK * more * smile
        motion[:, Column[f"mouthFrown{side}"]] = FROWN * more * sad * (1 - 0.5 * rounded)
    return motion
