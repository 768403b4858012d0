"""Which vowels stand out, and how phrases end: what brows and head answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from avatar.training.dyads.speaking.frames import bump
from avatar.training.dyads.speaking.phones import VOWELS, Array
from avatar.training.dyads.speaking.voice import HOP_RATE, Voice
from avatar.training.dyads.utterance import Phone

BEFORE = 0.6  # s, time constant of what a vowel stands out from: the past alone, so that ears can follow
SEMITONES = 2.5  # above what came before that make a vowel stand out by 1
LOUDER = 0.30  # of loudness, likewise
HABIT = 0.7  # loudness of ordinary speech
ORDINARY = 0.085  # s, length of an unaccented vowel
PROMINENT = (0.7, 2.7)  # from where a vowel counts as accented, and where it is so in full
FINAL = 0.35  # s at a phrase's end whose pitch tells how it ends
RISE = 4.0  # semitones between the halves of ``FINAL`` that make three quarters of a full rise or fall


@dataclass(frozen=True, slots=True)
class Accent:
    """An accented vowel: when it begins, in seconds, and its strength 0..1."""

    start: float
    strength: float


@dataclass(frozen=True, slots=True)
class PhraseEnd:
    """The end of a stretch of speech in seconds, and -1 (pitch falls) .. 1 (it rises)."""

    end: float
    rise: float


def stress(phones: Sequence[Phone], voice: Voice) -> Array:
    """How wide each phone opens the mouth, (phones,), 1 at ordinary stress: louder and longer vowels more."""
    scale = np.ones(len(phones))
    for index, phone in enumerate(phones):
        if phone.name in VOWELS:
            loud = float(voice.loudness[voice.span(phone.start, phone.end)].max())
            length = float(np.clip((phone.end - phone.start) / 0.10, 0.4, 2.5)) ** 0.12
            scale[index] = min(1.18, float(np.interp(loud, [0.55, 1.0], [0.75, 1.10])) * length)
    return scale


def accents(phones: Sequence[Phone], voice: Voice) -> list[Accent]:
    """Vowels that are higher or louder than what came before them, or long."""
    vowels = [phone for phone in phones if phone.name in VOWELS]
    if not vowels:
        return []
    sounding = voice.audible.astype(np.float64)
    weight = _remembered(sounding) + 0.05  # before the first sound, habit is what it is compared with
    pitch_before = _remembered(voice.lift * sounding) / weight
    loud_before = (_remembered(voice.loudness) + 0.05 * HABIT) / weight
    found: list[Accent] = []
    for vowel in vowels:
        span = voice.span(vowel.start, vowel.end)
        higher = float(voice.lift[span].max() - pitch_before[span.start])
        louder = float(voice.loudness[span].max() - loud_before[span.start])
        longer = float(np.log2((vowel.end - vowel.start) / ORDINARY))
        prominence = higher / SEMITONES + louder / LOUDER + 0.4 * float(np.clip(longer, -1.0, 1.5))
        low, high = PROMINENT
        strength = min(1.0, (prominence - low) / (high - low))
        if strength > 0:
            found.append(Accent(vowel.start, strength))
    return found


def _remembered(track: Array) -> Array:
    pole = float(np.exp(-1 / (BEFORE * HOP_RATE)))
    return np.asarray(lfilter([1 - pole], [1.0, -pole], track))


def answered(accented: Sequence[Accent], time: Array, lead: float, rise: float, fall: float) -> Array:
    """A gesture to every accent, ``lead`` s before its vowel, at ``time`` (frames,): the strongest counts."""
    course = np.zeros(len(time))
    for accent in accented:
        course = np.maximum(course, accent.strength * bump(time, accent.start - lead, rise, fall))
    return course


def phrase_ends(stretches: Sequence[tuple[float, float]], voice: Voice) -> list[PhraseEnd]:
    """How each stretch of speech ends."""
    ends = []
    for start, end in stretches:
        last = voice.lift[voice.span(max(start, end - FINAL), end)]
        half = len(last) // 2
        change = float(last[half:].mean() - last[:half].mean()) if half else 0.0
        ends.append(PhraseEnd(end, float(np.tanh(change / RISE))))
    return ends
