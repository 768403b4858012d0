"""When a listener answers without taking the turn: a nod mostly, now and then a soft "mm-hmm".

Ward & Tsukahara (2000): a region of low pitch of at least 110 ms, after at least 700 ms of speech and no
feedback in the last 800 ms, is answered 700 ms later. Pauses inside a turn are places for it too. A rate a
minute of the user's speech says how often; not every place is taken: that would sound like a machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isnan
from typing import Final

import numpy as np

FRAME_SECONDS: Final = 0.04
LOW_SECONDS: Final = 0.15  # of low pitch that make a cue: 110 ms, and what a 64 ms window adds to them
LOW_GAP: Final = 2  # unvoiced frames that may interrupt it
SPEECH_BEFORE: Final = 0.7  # s of speech before a low-pitch cue
DELAY: Final = 0.7  # s from a low-pitch cue to its answer
REST: Final = 0.8  # s between two answers
PHRASE_GAP: Final = 0.4  # s of silence after which speech is counted anew
PAUSE_BEFORE: Final = 1.0  # s of speech before a pause worth an answer
PAUSE_NOTICED: Final = 0.2  # s of silence that make a pause
PAUSE_DELAY: Final = (0.04, 0.20)  # s from there to the answer
STALE: Final = 0.28  # s that an answer waits for a judgement whether the turn ends here
SILENT_FOR: Final = 0.12  # s of silence from which the user may have finished, as far as sounds go
FINISHING_NOD: Final = 0.6  # probability of an end from which nothing is answered any more
FINISHING_SOUND: Final = 0.35  # the same for sounds, which a reply would have to talk over
SURELY_FINISHED, SURELY_UNFINISHED = 0.3, 1.0  # s of silence that are needed where the user has, or hasn't
CREDIT: Final = 1.5  # answers that may be saved up
TAKEN: Final = 0.75  # share of the places that is taken


def finishing(needed: float | None, awaited: bool) -> float | None:
    """How likely the user finishes, 0..1, from the seconds of silence that somebody says end the turn here.

    None (nobody says) stays None; NaN while more is ``awaited`` and the wait isn't short already.
    """
    if needed is None:
        return None
    likely = min(1.0, max(0.0, (SURELY_UNFINISHED - needed) / (SURELY_UNFINISHED - SURELY_FINISHED)))
    return float("nan") if awaited and likely < FINISHING_NOD else likely


class BackchannelKind(StrEnum):
    """What the listener does."""

    NOD = "nod"
    SOUND = "sound"  # a soft sound, with a nod


class BackchannelCue(StrEnum):
    """What it answers."""

    LOW_PITCH = "low_pitch"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Backchannel:
    """One answer of the listener, to be given now."""

    kind: BackchannelKind
    cue: BackchannelCue


@dataclass(frozen=True, slots=True)
class Heard:
    """One frame (40 ms) of the user as the policy sees it.

    ``hz`` is the pitch, NaN where there is none; ``low_hz`` the speaker's 26th percentile, NaN while unknown.
    ``finishing`` is the probability 0..1 that the user is about to finish: NaN while it is being judged, None
    where nobody does.
    ``listening`` says whether the user has the floor.
    """

    speaking: bool
    hz: float
    low_hz: float
    finishing: float | None
    listening: bool


@dataclass(frozen=True, slots=True)
class BackchannelRates:
    """How often the listener answers."""

    nods: float = 8.0  # a minute of the user's speech, with or without a sound
    sounds: float = 3.0  # a minute of the user's speech
    after_interruption: float = 3.0  # s after the user interrupted in which there are none


@dataclass(slots=True)
class _Pending:
    cue: BackchannelCue
    due: float  # s from now
    age: float = 0.0  # s since it was due


class BackchannelPolicy:
    """Decides frame by frame, from numbers alone; the same numbers and seed give the same answers."""

    def __init__(self, rates: BackchannelRates, rng: np.random.Generator) -> None:
        self._rates = rates
        self._rng = rng
        self._speech = 0.0  # s of speech since the last long silence
        self._silence = 60.0  # s
        self._low = 0.0  # s of low pitch
        self._low_gap = LOW_GAP + 1  # frames without pitch
        self._rest = 0.0  # s until another answer is welcome
        self._barred = 0.0  # s that an interruption still bars them
        self._nods = self._sounds = 0.5  # credit, in answers
        self._pending: _Pending | None = None

    def interrupted(self) -> None:
        """The user has just interrupted the agent."""
        self._barred = self._rates.after_interruption
        self._pending = None

    def step(self, heard: Heard) -> Backchannel | None:
        """Take the next frame; what the listener does now, None for nothing."""
        # Drawn on every frame, so that one decision never shifts the chances of the next.
        chance, delay = self._rng.random(2)
        self._rest -= FRAME_SECONDS
        self._barred -= FRAME_SECONDS
        cue = self._cue(heard)
        if not heard.listening:
            self._pending = None
            return None
        if self._pending is not None:
            return self._due(self._pending, heard)
        if cue is not None and chance < TAKEN:
            wait = PAUSE_DELAY[0] + delay * (PAUSE_DELAY[1] - PAUSE_DELAY[0])
            self._pending = _Pending(cue, wait if cue is BackchannelCue.PAUSE else DELAY)
        return None

    def _cue(self, heard: Heard) -> BackchannelCue | None:
        """Follow the voice; the cue that is complete on this frame."""
        paused = False
        if heard.speaking:
            if self._silence >= PHRASE_GAP:
                self._speech = 0.0
            self._speech += FRAME_SECONDS
            self._silence = 0.0
            if heard.listening:
                self._earn()
        else:
            before, self._silence = self._silence, self._silence + FRAME_SECONDS
            paused = before < PAUSE_NOTICED - 1e-9 <= self._silence and self._speech >= PAUSE_BEFORE
        low = self._low_pitch(heard)
        if low and self._speech >= SPEECH_BEFORE:
            return BackchannelCue.LOW_PITCH
        return BackchannelCue.PAUSE if paused else None

    def _low_pitch(self, heard: Heard) -> bool:
        if isnan(heard.hz) or not heard.speaking:
            self._low_gap += 1
            if self._low_gap > LOW_GAP:
                self._low = 0.0
            return False
        self._low_gap = 0
        before = self._low
        self._low = before + FRAME_SECONDS if heard.hz < heard.low_hz else 0.0
        return before < LOW_SECONDS <= self._low

    def _earn(self) -> None:
        minutes = FRAME_SECONDS / 60
        self._nods = min(CREDIT, self._nods + self._rates.nods * minutes)
        self._sounds = min(CREDIT, self._sounds + self._rates.sounds * minutes)

    def _due(self, pending: _Pending, heard: Heard) -> Backchannel | None:
        pending.due -= FRAME_SECONDS
        if pending.cue is BackchannelCue.PAUSE and heard.speaking:
            self._pending = None  # the pause is over: an answer would come in the way
            return None
        if pending.due > 0:
            return None
        awaited = heard.finishing is not None and isnan(heard.finishing)
        if awaited and pending.age < STALE:
            pending.age += FRAME_SECONDS
            return None
        self._pending = None
        return self._answer(pending.cue, heard)

    def _answer(self, cue: BackchannelCue, heard: Heard) -> Backchannel | None:
        finishing = None if heard.finishing is None or isnan(heard.finishing) else heard.finishing
        if self._rest > 0 or self._barred > 0 or (finishing is not None and finishing >= FINISHING_NOD):
            return None
        if self._nods < 1:
            return None
        self._nods -= 1
        self._rest = REST
        may_be_over = self._silence >= SILENT_FOR if finishing is None else finishing >= FINISHING_SOUND
        if self._sounds >= 1 and not may_be_over:
            self._sounds -= 1
            return Backchannel(BackchannelKind.SOUND, cue)
        return Backchannel(BackchannelKind.NOD, cue)
