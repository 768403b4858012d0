"""What the corpus' own speaking face reaches on the same prompts when it is told the phones.

A model that learns from that face and hears only the sound can hardly do better: the rows say how much of a
missed target is the teacher's, and that the alignment can be trusted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from avatar.evaluation.quality.material import Material
from avatar.evaluation.quality.performance import Performance
from avatar.evaluation.quality.row import Row
from avatar.evaluation.quality.script import recite
from avatar.evaluation.quality.speaking import material_rows
from avatar.motion import COLUMNS
from avatar.training.dyads.speaking import speaking_motion
from avatar.training.dyads.utterance import Utterance

NAME = "told the phones"


def ceiling_rows(material: Material, seed: int = 0) -> list[Row]:
    """The speaking rows of that face. Raises ``UnknownPhone`` for phones that aren't ARPAbet."""
    human = _performed("human prompts", material.human, seed)
    synthetic = [_performed(voice, said, seed) for voice, said in material.synthetic.items()]
    return material_rows(human, synthetic)


def _performed(voice: str, said: Sequence[Utterance], seed: int) -> Performance:
    script = recite(said)
    rng = np.random.default_rng(seed)
    motion = np.zeros((script.frames, COLUMNS), dtype=np.float32)
    for placed in script.agent:
        spoken = speaking_motion(placed.utterance, rng)
        motion[placed.first : placed.first + len(spoken)] = spoken
    return Performance(voice, script, motion)
