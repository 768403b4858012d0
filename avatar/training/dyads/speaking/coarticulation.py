"""Coarticulation: the targets of neighbouring phones blended by dominance functions that rise before each
phone and fall after it (Cohen & Massaro 1993).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from avatar.training.dyads.speaking.phones import (
    ARTICULATOR_OF,
    ARTICULATORS,
    PHONES,
    SHAPES,
    SILENCE,
    Array,
    Target,
)
from avatar.training.dyads.utterance import Phone

RATE = 200  # Hz, of tracks before they are brought to frames
CORE = 0.25  # share of a phone at either end that is transition
AHEAD = np.array([0.056, 0.095, 0.085, 0.062, 0.040])  # s, reach before the phone; lips are the first to move
AFTER = np.array([0.050, 0.075, 0.060, 0.045, 0.030])  # s, reach after it
FALL = 1.6  # exponent of the dominance's decay: between exponential and Gaussian
FARTHEST = 0.45  # s from which a phone no longer counts
LEAD = 0.010  # s by which the mouth is ahead of the sound it makes
SMOOTHING = 0.011  # s, standard deviation; with 25 frames a second nothing above 12.5 Hz may be left
GLIDE = 0.55  # share of a gliding vowel that belongs to its first target
NOTHING = 1e-3  # dominance of the neutral mouth


class UnknownPhone(ValueError):
    """A phone that is neither ARPAbet nor silence."""


@dataclass(frozen=True, slots=True)
class Aim:
    """One target in time: seconds, and the index of its phone."""

    target: Target
    start: float
    end: float
    phone: int


def aims(phones: Sequence[Phone]) -> Iterator[Aim]:
    """What a sequence of phones asks for, silences left out; raises ``UnknownPhone``."""
    for index, phone in enumerate(phones):
        if phone.name == SILENCE:
            continue
        try:
            targets = PHONES[phone.name]
        except KeyError:
            raise UnknownPhone(
                f"{phone.name!r} at {phone.start:.2f} s is no phone; use ARPAbet in upper case, no stress "
                f"({' '.join(sorted(PHONES))}), or {SILENCE}"
            ) from None
        if len(targets) == 1:
            yield Aim(targets[0], phone.start, phone.end, index)
        else:
            middle = phone.start + GLIDE * (phone.end - phone.start)
            yield Aim(targets[0], phone.start, middle, index)
            yield Aim(targets[1], middle, phone.end, index)


def coarticulate(phones: Sequence[Phone], stress: Array, steps: int) -> Array:
    """Tracks (steps, shapes) at ``RATE`` in the order of ``SHAPES``; ``stress`` (phones,) scales openings.

    Silences ask for nothing: whoever calls shuts the mouth in them. Raises ``UnknownPhone``.
    """
    total = np.full((len(ARTICULATORS), steps), NOTHING)
    blend = np.zeros((len(SHAPES), steps))
    opening = np.isin(SHAPES, ("jawOpen", "mouthLowerDown", "mouthUpperUp"))
    for aim in aims(phones):
        margin = CORE * (aim.end - aim.start)
        first, last = aim.start + margin - LEAD, aim.end - margin - LEAD
        begin = max(0, int((first - FARTHEST) * RATE))
        time = np.arange(begin, min(steps, int((last + FARTHEST) * RATE) + 1)) / RATE
        before, after = np.maximum(first - time, 0.0), np.maximum(time - last, 0.0)
        distance = before / AHEAD[:, None] + after / AFTER[:, None]
        dominance = aim.target.dominance[:, None] * np.exp(-(distance**FALL))
        wanted = aim.target.shapes * np.where(opening, stress[aim.phone], 1.0)
        span = slice(begin, begin + len(time))
        total[:, span] += dominance
        blend[:, span] += wanted[:, None] * dominance[ARTICULATOR_OF]
    tracks = blend / total[ARTICULATOR_OF]
    return np.asarray(gaussian_filter1d(tracks, SMOOTHING * RATE, axis=1, mode="nearest").T)
