"""What a voice does over time: speaking or pausing, pitch against its own habit, and the cues listeners
answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2, sqrt

from avatar.animator import FRAME_RATE, FloatArray
from avatar.procedural.level import HOP_SAMPLES, HOP_SECONDS, Level, LevelTracker
from avatar.procedural.pitch import PitchTracker

FRAME_SECONDS = 1 / FRAME_RATE  # s
HANGOVER = 0.20  # s of silence inside which speech is one phrase
LOW_PITCH_QUANTILE = 0.26  # Ward & Tsukahara 2000: below the 26th percentile of the speaker's pitch
LOW_PITCH_SECONDS = 0.11  # their minimal region
LOW_PITCH_AFTER = 0.70  # s of speech that must come before
PITCH_STEP = 0.6  # semitones; first step of the quantile trackers, which anneals
ACCENT_SEMITONES = 2.5  # above the habitual pitch
ACCENT_REST = 0.60  # s between two accents
EXCITED_SEMITONES = 5.0  # above the habitual pitch: laughter, delight
EXCITED_SECONDS = 0.28
UNVOICED = (0.0, 0.0)  # pitch, periodicity


@dataclass(frozen=True, slots=True)
class Hop:
    """One 20 ms hop of a voice: level, pitch in Hz (0 where unvoiced), periodicity 0..1."""

    level: Level
    pitch: float
    periodicity: float


@dataclass(frozen=True, slots=True)
class Prosody:
    """One frame of a voice.

    ``phrase`` is seconds of speech since the phrase began (kept through its pause), ``silence`` seconds since
    the last sound, ``lift`` semitones above the speaker's habitual pitch (0 where unvoiced).
    ``phrase_ended``, ``low_pitch``, ``accent`` and ``excited`` are true on the one frame at which the cue is
    complete.
    """

    hops: tuple[Hop, Hop]
    loudness: float
    speaking: bool
    phrase: float
    silence: float
    lift: float
    phrase_ended: bool
    low_pitch: bool
    accent: bool
    excited: bool


class Quantile:
    """Online quantile of a stream by stochastic approximation; starts at the first value."""

    def __init__(self, quantile: float) -> None:
        self.value: float | None = None
        self._quantile = quantile
        self._count = 0

    def add(self, sample: float) -> float:
        """Take one sample in and return the estimate."""
        if self.value is None:
            self.value = sample
        self._count += 1
        step = PITCH_STEP * max(0.15, 1 / sqrt(self._count))
        self.value += step * (self._quantile - (1.0 if sample < self.value else 0.0))
        return self.value


class ProsodyTracker:
    """Follows one voice frame by frame."""

    def __init__(self) -> None:
        self._level = LevelTracker()
        self._pitch = PitchTracker()
        self._habit = Quantile(0.5)
        self._low = Quantile(LOW_PITCH_QUANTILE)
        self._phrase = 0.0
        self._silence = 60.0
        self._low_for = 0.0
        self._low_gap = 0
        self._high_for = 0.0
        self._since_accent = ACCENT_REST
        self._loudness = 0.0
        self._lift = 0.0

    def step(self, pcm: FloatArray) -> Prosody:
        """Advance by one frame of sound, float32 (640,)."""
        levels = self._level.step(pcm[:HOP_SAMPLES]), self._level.step(pcm[HOP_SAMPLES:])
        pitches = self._pitch.step(pcm, levels[0].active or levels[1].active)
        first, second = (
            Hop(level, *(pitch if level.active else UNVOICED))
            for level, pitch in zip(levels, pitches, strict=True)
        )
        low_first, excited_first = self._pitch_cues(first)
        low_second, excited_second = self._pitch_cues(second)
        was_loud = self._loudness
        self._loudness += 0.5 * (max(first.level.loudness, second.level.loudness) - self._loudness)
        ended = self._timing(first.level.active or second.level.active)
        return Prosody(
            hops=(first, second),
            loudness=self._loudness,
            speaking=self._silence < HANGOVER,
            phrase=self._phrase,
            silence=self._silence,
            lift=self._lift,
            phrase_ended=ended,
            low_pitch=(low_first or low_second) and self._phrase > LOW_PITCH_AFTER,
            accent=self._accent(self._loudness - was_loud),
            excited=excited_first or excited_second,
        )

    def _timing(self, active: bool) -> bool:
        if active:
            if self._silence >= HANGOVER:
                self._phrase = 0.0
            self._phrase += FRAME_SECONDS
            self._silence = 0.0
            return False
        was = self._silence
        self._silence += FRAME_SECONDS
        return was < HANGOVER <= self._silence

    def _pitch_cues(self, hop: Hop) -> tuple[bool, bool]:
        if not hop.pitch:
            self._lift = 0.0
            self._high_for = 0.0
            self._low_gap += 1
            if self._low_gap > 2:  # two unvoiced hops may interrupt a region
                self._low_for = 0.0
            return False, False
        semitones = 12 * log2(hop.pitch / 100)
        self._lift = semitones - self._habit.add(semitones)
        low = semitones < self._low.add(semitones)
        was_low, was_high = self._low_for, self._high_for
        self._low_gap = 0
        self._low_for = was_low + HOP_SECONDS if low else 0.0
        self._high_for = was_high + HOP_SECONDS if self._lift > EXCITED_SEMITONES else 0.0
        return (
            was_low < LOW_PITCH_SECONDS <= self._low_for,
            was_high < EXCITED_SECONDS <= self._high_for,
        )

    def _accent(self, rise: float) -> bool:
        self._since_accent += FRAME_SECONDS
        prominent = (self._lift > ACCENT_SEMITONES and self._loudness > 0.5) or rise > 0.3
        if prominent and self._since_accent >= ACCENT_REST:
            self._since_accent = 0.0
            return True
        return False
