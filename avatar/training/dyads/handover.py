"""The moments in which a face turns from listening to speaking and back: nothing in it may jump.

The mouth is all there from shortly before the first sound to shortly after the last. Head, brows and cheeks
take longer, and what they do right there is softened: an accent on the first word is no reason to start.
"""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d

from avatar.animator import FRAME_RATE, FRAME_SAMPLES, FloatArray
from avatar.motion import ARTICULATORS, COLUMNS
from avatar.training.dyads.clips import LEAD, TAIL, spoken
from avatar.training.dyads.utterance import Utterance

Array = NDArray[np.float64]

RISE = LEAD // FRAME_SAMPLES  # frames
FALL = TAIL // FRAME_SAMPLES
MOUTH_BEFORE, MOUTH_AFTER = 3, 3  # frames round the sound in which the mouth is all there
REST_BEFORE, REST_AFTER = -5, -3  # the others are from so many frames inside
MOUTH_SPEED = 0.10  # a frame: how fast the lips part before the first sound and meet after the last, at most
SOFT = (5, 11)  # frames from the first and the last sound: all soft, not soft any more

_EXPRESSION = np.setdiff1d(np.arange(COLUMNS), ARTICULATORS)
_SOFTENER = np.hanning(17)[1:-1] / np.hanning(17).sum()


def passage_weights(utterance: Utterance) -> Array:
    """How much of each column is a passage's own, 0..1, (frames, 61)."""
    first, last = (edge * FRAME_RATE for edge in spoken(utterance))
    frame = np.arange(len(utterance.pcm) // FRAME_SAMPLES)

    def weight(before: int, after: int) -> Array:
        rise = _ease((frame + 1 - (first - RISE)) / (RISE - before))
        return rise * _ease(1 - (frame - last - after) / (FALL - after))

    weights = np.empty((len(frame), COLUMNS))
    weights[:, _EXPRESSION] = weight(REST_BEFORE, REST_AFTER)[:, None]
    weights[:, ARTICULATORS] = weight(MOUTH_BEFORE, MOUTH_AFTER)[:, None]
    return weights


def unhurried(face: FloatArray, utterance: Utterance) -> FloatArray:
    """A passage's speaking face (frames, 61) that neither starts nor stops faster than it speaks."""
    first, last = (edge * FRAME_RATE for edge in spoken(utterance))
    moved = face.copy()
    # outside the sound only, where no closure can be lost
    for frame in range(min(int(first), len(face) - 1) - 1, -1, -1):
        moved[frame, ARTICULATORS] = np.maximum(
            moved[frame, ARTICULATORS], moved[frame + 1, ARTICULATORS] - MOUTH_SPEED
        )
    for frame in range(max(1, ceil(last)), len(face)):
        moved[frame, ARTICULATORS] = np.maximum(
            moved[frame, ARTICULATORS], moved[frame - 1, ARTICULATORS] - MOUTH_SPEED
        )
    away = np.minimum(np.abs(np.arange(len(face)) - first), np.abs(np.arange(len(face)) - last))
    soft = _ease((SOFT[1] - away) / (SOFT[1] - SOFT[0]))[:, None]
    expression = face[:, _EXPRESSION]
    moved[:, _EXPRESSION] += soft * (convolve1d(expression, _SOFTENER, axis=0, mode="nearest") - expression)
    return moved


def _ease(phase: Array) -> Array:
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(phase, 0.0, 1.0)))
