"""The head: slow sway and breath always, livelier movement and beats while speaking, nods while listening."""

from __future__ import annotations

from math import cos, pi, radians, sin

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_RATE
from avatar.procedural.curves import FRAME_SECONDS, Drift, Spring, ease
from avatar.procedural.prosody import Prosody

Array = NDArray[np.float64]

SWAY = (radians(1.1), radians(0.7), radians(0.8))  # yaw, pitch, roll
SWAY_BAND = (0.05, 0.30)  # Hz
BREATH = radians(0.25)  # pitch, peak
BREATH_RATE = 0.25  # Hz: 15 breaths a minute
TALK = (radians(4.6), radians(2.8), radians(2.8))  # yaw, pitch, roll while speaking
TALK_BAND = (0.20, 0.95)  # Hz
LIFT = radians(0.35)  # pitch a semitone: the head rises with the voice
BEAT = radians(2.4)  # pitch of an accent's beat
BEAT_SECONDS = 0.40
NOD_RATES = (2.6, 5.0)  # Hz; people reach 6.5, which 25 frames a second draw badly
NOD_DECLINE = 0.62  # each cycle against the one before
NOD_CYCLES = (1, 3)


class Sway:
    """Posture that never stands still, and breath: yaw, pitch, roll in radians."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._drift = Drift(rng, SWAY, SWAY_BAND)
        self._breath = float(rng.uniform(0, 2 * np.pi))  # phase
        self._breath_rate = 2 * np.pi * BREATH_RATE * float(rng.uniform(0.85, 1.15)) / FRAME_RATE

    def step(self) -> Array:
        """The next frame's offset (3,)."""
        self._breath += self._breath_rate
        head = self._drift.step()
        head[1] += BREATH * sin(self._breath)
        return head


class Nods:
    """Fast nods: cycles of declining amplitude, each starting and ending at rest."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._amplitude = 0.0  # radians, of the current cycle
        self._cycles = 0  # left, with the current one
        self._phase = 0.0  # of the current cycle, 0..1
        self._step = 0.0  # phase a frame

    @property
    def nodding(self) -> bool:
        """Whether a nod is under way."""
        return self._cycles > 0

    def start(self, amplitude: float) -> None:
        """Begin a nod of this amplitude in radians (at the slowest rate); ignored while one is under way."""
        if self.nodding:
            return
        rate = float(self._rng.uniform(*NOD_RATES))
        self._amplitude = amplitude * NOD_RATES[0] / rate  # faster nods are smaller: the same peak speed
        self._cycles = int(self._rng.integers(NOD_CYCLES[0], NOD_CYCLES[1] + 1))
        self._phase = 0.0
        self._step = rate / FRAME_RATE

    def step(self) -> float:
        """Pitch offset in radians, positive down."""
        if not self.nodding:
            return 0.0
        self._phase += self._step
        if self._phase >= 1.0:
            self._phase -= 1.0
            self._amplitude *= NOD_DECLINE
            self._cycles -= 1
            if not self._cycles:
                return 0.0
        return self._amplitude * (0.5 - 0.5 * cos(2 * pi * self._phase))


class SpeakingHead:
    """Movement with the agent's own voice: wider drift, the head rising with pitch, beats on accents."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._drift = Drift(rng, TALK, TALK_BAND)
        self._presence = Spring(4.0)
        self._lift = Spring(9.0)
        self._beat = 0.0  # radians
        self._beat_for = BEAT_SECONDS

    def step(self, own: Prosody) -> Array:
        """Yaw, pitch, roll (3,) in radians for one frame of the agent's own prosody."""
        presence = self._presence.step(1.0 if own.speaking else 0.0)
        head = self._drift.step() * presence
        lift = min(max(own.lift, -6.0), 6.0) * own.loudness
        head[1] -= LIFT * self._lift.step(lift)
        if own.accent and self._beat_for >= BEAT_SECONDS:
            self._beat = BEAT * float(self._rng.uniform(0.5, 1.2))
            self._beat_for = 0.0
        if self._beat_for < BEAT_SECONDS:
            self._beat_for += FRAME_SECONDS
            head[1] += self._beat * ease(
                2 * min(self._beat_for, BEAT_SECONDS - self._beat_for) / BEAT_SECONDS
            )
        return head
