"""What both parties do besides speaking, drawn together since each answers the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_RATE, FloatArray
from avatar.training.dyads.listening.cues import Cues, find_cues
from avatar.training.dyads.listening.onsets import draw_onsets
from avatar.training.dyads.listening.rates import Situation, gesture_rates
from avatar.training.dyads.options import ListeningOptions

Mask = NDArray[np.bool_]

STILL_LISTENING = 15  # frames after the other's turn
TAKING = (6, 10)  # frames before and after a turn's beginning that no fast gesture crosses
LEAVING = (3, 12)  # and its end


@dataclass(frozen=True, slots=True)
class Party:
    """One side: its clean voice (samples,), its ``turns`` as frames from and to, its valence (frames,)."""

    voice: FloatArray
    turns: Sequence[tuple[int, int]]
    valence: FloatArray

    @property
    def speaking(self) -> Mask:
        """Frames in which it holds the floor."""
        return self._during((0, 0))

    @property
    def heard(self) -> Mask:
        """Frames in which the other answers it: its turns, and shortly after."""
        return self._during((0, STILL_LISTENING))

    @property
    def handing_over(self) -> Mask:
        """Frames in which its face changes between speaking and listening."""
        mask = np.zeros(len(self.valence), dtype=bool)
        for first, last in self.turns:
            mask[max(0, first - TAKING[0]) : first + TAKING[1]] = True
            mask[max(0, last - LEAVING[0]) : last + LEAVING[1]] = True
        return mask

    def _during(self, margins: tuple[int, int]) -> Mask:
        mask = np.zeros(len(self.valence), dtype=bool)
        for first, last in self.turns:
            mask[max(0, first - margins[0]) : last + margins[1]] = True
        return mask


def listening_onsets(
    first: Party, second: Party, rng: np.random.Generator, options: ListeningOptions
) -> FloatArray:
    """Onsets of both parties' gestures, float32 (2, frames, GESTURES)."""
    parties = first, second
    mine, theirs = (find_cues(party.voice) for party in parties)
    begins = np.sort([turn[0] for party in parties for turn in party.turns]) / FRAME_RATE
    rates = [
        _rates(first, second, mine, theirs, begins, options.liveliness),
        _rates(second, first, theirs, mine, begins, options.liveliness),
    ]
    forbidden = np.stack([party.handing_over for party in parties])
    return draw_onsets(np.stack(rates), forbidden, rng, options.smiles_return)


def _rates(
    party: Party, other: Party, own: Cues, others: Cues, begins: NDArray[np.float64], liveliness: float
) -> NDArray[np.float64]:
    speaking = party.speaking
    situation = Situation(speaking=speaking, listening=other.heard & ~speaking, turns=begins)
    return gesture_rates(own, others, situation, party.valence.astype(np.float64), liveliness)
