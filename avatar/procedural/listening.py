"""Listening you can see: nods, brows and smiles that answer the user's voice.

Nods follow Ward & Tsukahara (2000): a region of low pitch of at least 110 ms, after at least 700 ms of speech
and no feedback in the last 800 ms, is answered 700 ms later. Phrase ends are answered too.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import radians

import numpy as np

from avatar.procedural.curves import FRAME_SECONDS
from avatar.procedural.prosody import Prosody

NOD = (radians(3.6), radians(6.2))  # amplitude
CUE_DELAY = 0.70  # s from a low-pitch region to the nod
CUE_CHANCE = 0.55
PAUSE_DELAY = (0.04, 0.28)  # s after a pause is noticed, itself 200 ms after the last sound
PAUSE_CHANCE = 0.55
PAUSE_AFTER = 1.0  # s of phrase that make its end worth an answer
FEEDBACK_REST = 1.6  # s between two nods; Ward & Tsukahara's 800 ms is between utterances
LONG_PHRASE = 2.6  # s of phrase whose end may bring a smile
SMILE_CHANCE = 0.35
BROW_CHANCE = 0.45


@dataclass(frozen=True, slots=True)
class Reaction:
    """What the listener does on this frame; 0 means nothing begins."""

    nod: float = 0.0  # radians
    smile: float = 0.0  # weight
    brow: float = 0.0  # weight


NOTHING = Reaction()


class Listening:
    """Decides on reactions from the user's prosody, one frame at a time."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._nod_due: float | None = None  # s
        self._rest = 0.0  # s until feedback is welcome again
        self._brow_rest = 0.0

    def step(self, user: Prosody, attending: bool) -> Reaction:
        """Reaction to one frame of the user's prosody; none begins unless ``attending``."""
        self._rest -= FRAME_SECONDS
        self._brow_rest -= FRAME_SECONDS
        # drawn on every frame, so that one decision never shifts the chances of the next
        chance, size, delay, smile, brow = self._rng.random(5)
        if not attending:
            self._nod_due = None
            return NOTHING
        if self._nod_due is None and self._rest <= 0:
            if user.low_pitch and chance < CUE_CHANCE:
                self._nod_due = CUE_DELAY
            elif user.phrase_ended and user.phrase > PAUSE_AFTER and chance < PAUSE_CHANCE:
                self._nod_due = PAUSE_DELAY[0] + delay * (PAUSE_DELAY[1] - PAUSE_DELAY[0])
        return Reaction(nod=self._nod(size), smile=self._smile(user, smile), brow=self._brow(user, brow))

    def _nod(self, size: float) -> float:
        if self._nod_due is None:
            return 0.0
        self._nod_due -= FRAME_SECONDS
        if self._nod_due > 0:
            return 0.0
        self._nod_due = None
        self._rest = FEEDBACK_REST
        return NOD[0] + size * (NOD[1] - NOD[0])

    def _smile(self, user: Prosody, chance: float) -> float:
        if user.excited:
            return 0.55
        if user.phrase_ended and user.phrase > LONG_PHRASE and chance < SMILE_CHANCE:
            return 0.38
        return 0.0

    def _brow(self, user: Prosody, chance: float) -> float:
        if user.accent and self._brow_rest <= 0 and user.phrase > 0.4 and chance < BROW_CHANCE:
            self._brow_rest = 2.0
            return 0.40
        return 0.0
