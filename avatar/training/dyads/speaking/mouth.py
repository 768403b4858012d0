"""The speaking mouth: coarticulation scaled by the voice, lips that meet, silence that shuts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter1d

from avatar.animator import FRAME_RATE
from avatar.motion import COLUMNS, Column
from avatar.training.dyads.speaking.accents import stress
from avatar.training.dyads.speaking.coarticulation import RATE, coarticulate
from avatar.training.dyads.speaking.frames import at_frames
from avatar.training.dyads.speaking.lips import meeting_lips, speech_gate
from avatar.training.dyads.speaking.phones import SHAPES, Array
from avatar.training.dyads.speaking.style import Style
from avatar.training.dyads.speaking.voice import HOP_RATE, Voice
from avatar.training.dyads.utterance import Phone

WHISPERED = 0.5  # share of the jaw's opening that is left where the sound has no strength
FADED = 0.75  # share of the lips' parting, likewise
JAW_WIDEST = 0.68
BREATH = 0.045  # s, standard deviation over which the jaw follows loudness
ROLL = (0.34, 0.26)  # lower and upper lip rolled in per press of the lips
CHIN = 0.30  # lower lip pushed up by the chin per press of the lips
PARTING = ("mouthLowerDown", "mouthUpperUp", "mouthFunnel")  # what would part lips that meet
CHEEK = 0.25  # cheeks lifted per raise of the upper lip


def speaking_mouth(
    phones: Sequence[Phone], stretches: Sequence[tuple[float, float]], voice: Voice, style: Style, frames: int
) -> Array:
    """The mouth's columns of motion (frames, 61), everything else 0; raises ``UnknownPhone``."""
    steps = frames * RATE // FRAME_RATE
    tracks = coarticulate(phones, stress(phones, voice), steps)
    loudness = gaussian_filter1d(voice.loudness, BREATH * HOP_RATE)
    grid = (np.arange(steps) + 0.5) * HOP_RATE / RATE - 0.5
    strength = np.interp(grid, np.arange(len(loudness)), loudness)
    shape = dict(zip(SHAPES, tracks.T, strict=True))
    shape["jawOpen"] = shape["jawOpen"] * style.articulation * (WHISPERED + (1 - WHISPERED) * strength)
    for name in ("mouthLowerDown", "mouthUpperUp"):
        shape[name] = shape[name] * (FADED + (1 - FADED) * strength)
    for name in ("mouthFunnel", "mouthPucker"):
        shape[name] = shape[name] * style.rounding
    together, press, puff = meeting_lips(phones, steps)
    for name in PARTING:
        shape[name] = shape[name] * (1 - 0.9 * together)
    shape["mouthPress"], shape["cheekPuff"] = press, puff
    shape["mouthRollLower"] = np.maximum(shape["mouthRollLower"], ROLL[0] * press)
    shape["mouthRollUpper"] = ROLL[1] * press
    shape["mouthShrugLower"] = CHIN * press
    shape["cheekSquint"] = CHEEK * shape["mouthUpperUp"]
    gate = speech_gate(stretches, steps)
    motion = np.zeros((frames, COLUMNS))
    for name, track in shape.items():
        values = at_frames(track * gate, RATE, frames)
        if name in Column.__members__:
            motion[:, Column[name]] = values
        else:
            motion[:, Column[f"{name}Left"]] = values * (1 + style.lean)
            motion[:, Column[f"{name}Right"]] = values * (1 - style.lean)
    motion[:, Column.jawOpen] = np.minimum(motion[:, Column.jawOpen], JAW_WIDEST)
    # mouthClose shuts the lips over an open jaw when it equals jawOpen
    motion[:, Column.mouthClose] = at_frames(together, RATE, frames) * motion[:, Column.jawOpen]
    return motion
