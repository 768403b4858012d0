"""When gestures begin: drawn from their rates, with rests between them; smiles are returned."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_RATE, FloatArray
from avatar.training.dyads.dyad import GESTURES, Gesture
from avatar.training.dyads.listening.templates import STRENGTHS, seconds

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

REST = {  # s from one onset to the next of the same gesture, at least
    Gesture.NOD: 1.6,
    Gesture.SMILE: 4.5,
    Gesture.BROWS: 2.0,
    Gesture.TILT: 5.0,
    Gesture.SHIFT: 2.5,
}
FAST = (Gesture.NOD, Gesture.BROWS)
STRENGTH_SPREAD = 0.28  # of the logarithm
MEDIAN = 0.95  # strength
RETURNED = (0.6, 0.12)  # s after the other's smile, and the spread
RETURNED_STRENGTH = 0.85  # of the other's
TURNS_BACK = 0.7  # chance that a tilt or shift goes to the other side than the last


def draw_onsets(rates: Array, forbidden: Mask, rng: np.random.Generator, smiles_return: float) -> FloatArray:
    """Onsets of both parties' gestures, float32 (2, frames, GESTURES), signed strengths.

    ``rates``: (2, frames, GESTURES), expected onsets a frame. A fast gesture is left out if any of its frames
    is ``forbidden`` (2, frames). ``smiles_return`` is the chance that a smile is returned.
    """
    frames = rates.shape[1]
    chances = 1 - np.exp(-rates)
    onsets = np.zeros(rates.shape, dtype=np.float32)
    waiting = [
        (frame, party, gesture, 0.0)
        for frame, party, gesture in np.argwhere(
            (rng.random(rates.shape) < chances).transpose(1, 0, 2)
        ).tolist()
    ]  # argwhere's order is a heap already
    free = np.zeros((2, GESTURES))
    side = rng.choice([-1.0, 1.0], size=(2, GESTURES))
    while waiting:
        frame, party, gesture, answers = heapq.heappop(waiting)
        if frame < free[party, gesture]:
            continue
        strength = float(np.clip(MEDIAN * np.exp(rng.normal(0, STRENGTH_SPREAD)), *STRENGTHS))
        if answers:
            strength = float(np.clip(RETURNED_STRENGTH * answers, *STRENGTHS))
        if gesture in FAST:
            end = frame + round(seconds(Gesture(gesture), strength) * FRAME_RATE)
            if forbidden[party, frame:end].any():
                continue
        if gesture in (Gesture.TILT, Gesture.SHIFT):
            side[party, gesture] *= -1.0 if rng.random() < TURNS_BACK else 1.0
            strength *= side[party, gesture]
        if gesture == Gesture.SMILE and not answers and rng.random() < smiles_return:
            later = frame + round(float(rng.normal(*RETURNED)) * FRAME_RATE)
            if later < frames:
                heapq.heappush(waiting, (later, 1 - party, gesture, abs(strength)))
        onsets[party, frame, gesture] = strength
        free[party, gesture] = frame + REST[Gesture(gesture)] * FRAME_RATE
    return onsets
