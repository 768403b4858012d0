"""Blinks: rates by activity (Bentivoglio 1997), some of them answering pauses (Nakano & Kitazawa 2010)."""

from __future__ import annotations

from enum import Enum

import numpy as np

from avatar.procedural.curves import FRAME_SECONDS, ease


class Activity(Enum):
    """What the agent is doing in the conversation."""

    IDLE = "idle"
    LISTENING = "listening"
    SPEAKING = "speaking"


SPONTANEOUS = {Activity.IDLE: 14.0, Activity.LISTENING: 13.0, Activity.SPEAKING: 23.0}
"""Blinks a minute that nothing triggers; pauses and gaze shifts add theirs."""
REGULARITY = 2.0  # shape of the waits' gamma distribution: 1 is pure chance, more is more even
REFRACTORY = 0.60  # s between a blink's start and the next's
LENGTH = (0.16, 0.26)  # s from open to open
CLOSING_SHARE = 0.38  # of the length; lids open more slowly than they close
SHUT_SHARE = 0.12


class Blinks:
    """Both lids, streaming: 0 open .. 1 shut."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._since = float(rng.uniform(REFRACTORY, 3.0))  # s since the last blink began
        self._wait = float(rng.gamma(REGULARITY, 1 / REGULARITY))  # mean waits until the next of itself
        self._length = 0.0  # s; 0 when the lids are at rest
        self._due: float | None = None  # s until an answering blink

    def answer(self, low: float, high: float, chance: float) -> None:
        """Blink with this chance after ``low``..``high`` seconds."""
        wanted, delay = self._rng.random() < chance, float(self._rng.uniform(low, high))
        if wanted and self._due is None:
            self._due = delay

    def step(self, activity: Activity) -> float:
        """Lid closure for the next frame."""
        self._since += FRAME_SECONDS
        self._wait -= FRAME_SECONDS * SPONTANEOUS[activity] / 60.0
        spontaneous = self._wait <= 0
        if spontaneous:
            self._wait += float(self._rng.gamma(REGULARITY, 1 / REGULARITY))
        if self._due is not None:
            self._due -= FRAME_SECONDS
        if self._since >= REFRACTORY and (spontaneous or (self._due is not None and self._due <= 0)):
            self._since = 0.0
            self._due = None
            self._length = float(self._rng.uniform(*LENGTH))
        if not self._length:
            return 0.0
        phase = self._since / self._length + 0.5 * FRAME_SECONDS / self._length  # middle of the frame
        if phase >= 1.0:
            self._length = 0.0
            return 0.0
        if phase < CLOSING_SHARE:
            return ease(phase / CLOSING_SHARE)
        return 1.0 - ease((phase - CLOSING_SHARE - SHUT_SHARE) / (1 - CLOSING_SHARE - SHUT_SHARE))
