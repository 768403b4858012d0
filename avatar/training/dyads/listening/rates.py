"""How likely each gesture is to begin at each moment, given what the partner's and the own voice do.

The rates peak where people answer: nods 700 ms after low pitch (Ward & Tsukahara 2000) and in pauses, smiles
after excitement, brows after accents and questions, posture at changes of turn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_RATE
from avatar.training.dyads.dyad import GESTURES, Gesture
from avatar.training.dyads.listening.cues import Cues, Seconds

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Answer:
    """How a cue is answered: seconds later, with a spread (one standard deviation), by a share of people."""

    delay: float
    spread: float
    chance: float


NOD_LOW_PITCH = Answer(0.70, 0.10, 0.32)
NOD_PAUSE = Answer(0.36, 0.08, 0.50)
NOD_SELF = Answer(0.10, 0.15, 0.08)  # a speaker's own, at the end of a phrase
SMILE_EXCITED = Answer(0.45, 0.12, 0.45)
SMILE_PAUSE = Answer(0.50, 0.15, 0.04)
SMILE_SELF = Answer(0.20, 0.20, 0.06)  # a speaker's own, as a phrase begins
BROWS_ACCENT = Answer(0.34, 0.08, 0.04)
BROWS_QUESTION = Answer(0.42, 0.08, 0.35)
TILT_QUESTION = Answer(0.60, 0.15, 0.20)
TILT_PAUSE = Answer(0.60, 0.20, 0.03)
TILT_SELF = Answer(0.30, 0.25, 0.06)
SHIFT_TURN = Answer(0.25, 0.20, 0.22)  # at every beginning of a turn, by both
ANY_TIME = {  # a minute, while listening
    Gesture.NOD: 0.3,
    Gesture.SMILE: 0.2,
    Gesture.BROWS: 0.15,
    Gesture.TILT: 0.2,
    Gesture.SHIFT: 0.5,
}
SILENT_SHARE = 0.5  # of these while nobody speaks
SPEAKING_SHARE = 0.5  # and while speaking
GLAD = 1.2  # a glad face smiles this much more often, a sad one less, on a logarithmic scale


@dataclass(frozen=True, slots=True)
class Situation:
    """What one party is doing, bool (frames,) each; ``turns``: seconds at which anyone's turns begin."""

    speaking: Mask
    listening: Mask
    turns: Seconds


def gesture_rates(own: Cues, partner: Cues, situation: Situation, valence: Array, liveliness: float) -> Array:
    """Expected onsets a frame of each gesture of one party, (frames, GESTURES).

    Cues of the partner's voice are answered while listening, of the own voice while speaking.
    """
    frames = len(valence)
    listening, speaking = np.zeros((frames, GESTURES)), np.zeros((frames, GESTURES))
    anytime = np.array([ANY_TIME[gesture] for gesture in Gesture]) / 60 / FRAME_RATE
    listening += anytime

    def add(rates: Array, gesture: Gesture, cues: Seconds, answer: Answer) -> None:
        rates[:, gesture] += _after(cues, answer, frames)

    add(listening, Gesture.NOD, partner.low_pitch, NOD_LOW_PITCH)
    add(listening, Gesture.NOD, partner.phrase_ends, NOD_PAUSE)
    add(listening, Gesture.SMILE, partner.excited, SMILE_EXCITED)
    add(listening, Gesture.SMILE, partner.phrase_ends, SMILE_PAUSE)
    add(listening, Gesture.BROWS, partner.accents, BROWS_ACCENT)
    add(listening, Gesture.BROWS, partner.questions, BROWS_QUESTION)
    add(listening, Gesture.TILT, partner.questions, TILT_QUESTION)
    add(listening, Gesture.TILT, partner.phrase_ends, TILT_PAUSE)
    add(speaking, Gesture.NOD, own.phrase_ends, NOD_SELF)
    add(speaking, Gesture.SMILE, own.phrase_starts, SMILE_SELF)
    add(speaking, Gesture.TILT, own.phrase_starts, TILT_SELF)
    speaking += SPEAKING_SHARE * anytime
    idle = ~(situation.listening | situation.speaking)
    rates = (
        situation.listening[:, None] * listening
        + situation.speaking[:, None] * speaking
        + idle[:, None] * SILENT_SHARE * anytime
    )
    rates[:, Gesture.SHIFT] += _after(situation.turns, SHIFT_TURN, frames)
    rates[:, Gesture.SMILE] *= np.exp(GLAD * valence)
    return np.asarray(liveliness * rates)


def _after(cues: Seconds, answer: Answer, frames: int) -> Array:
    """Rate a frame that brings each cue its answer by chance, spread like a bell around the delay."""
    rates = np.zeros(frames)
    total = -np.log(1 - answer.chance)
    reach = np.arange(-3 * answer.spread, 3 * answer.spread, 1 / FRAME_RATE)
    bell = np.exp(-0.5 * (reach / answer.spread) ** 2)
    bell *= total / bell.sum()
    for cue in cues:
        first = round((cue + answer.delay + reach[0]) * FRAME_RATE)
        begin, end = max(0, first), min(frames, first + len(bell))
        if begin < end:
            rates[begin:end] += bell[begin - first : end - first]
    return rates
