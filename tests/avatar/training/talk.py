"""Talk made of syllables whose phones are known: utterances for tests that need no recordings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.animator import SAMPLE_RATE, FloatArray
from avatar.training.dyads.compose import Conversation
from avatar.training.dyads.dyad import Dyad
from avatar.training.dyads.utterance import Phone, Utterance
from tests.avatar.conftest import vowel

VOWELS = {"a": "AA", "i": "IY", "u": "UW", "o": "AO", "e": "EH"}
CONSONANTS = "B M D N G L"
ENDS = 0.08  # s of silence before and after
SECONDS = 80.0  # of each composed conversation


class Talker:
    """A voice of one pitch that says declarative phrases, some questions, and some things excitedly."""

    def __init__(self, name: str, pitch: float, material: str = "train") -> None:
        self.name = name
        self.material = material
        self._pitch = pitch
        self._sounds: dict[tuple[str, int, int], FloatArray] = {}

    def says(self, name: str, rng: np.random.Generator, syllables: int) -> Utterance:
        """An utterance of so many syllables: pitch falls over its accents, one in five rises at its end."""
        contour = np.linspace(3, -3, syllables) + rng.normal(0, 0.8, syllables)
        contour[rng.integers(4) :: 4] += 4
        if rng.random() < 0.2:
            contour[-2:] += 3, 6
        if rng.random() < 0.1:
            contour += np.where(np.arange(syllables) > syllables // 2, 8, 0)
        parts = [np.zeros(round(ENDS * SAMPLE_RATE), np.float32)]
        phones = [Phone("SIL", 0.0, ENDS)]
        at = ENDS
        for semitones in np.round(contour).astype(int).tolist():
            spelt = "aiuoe"[int(rng.integers(5))]
            closed, opened = 0.06, 0.04 * int(rng.integers(3, 6))
            phones.append(Phone(CONSONANTS.split()[int(rng.integers(6))], at, at + closed))
            phones.append(Phone(VOWELS[spelt], at + closed, at + closed + opened))
            parts.append(0.02 * rng.standard_normal(round(closed * SAMPLE_RATE)).astype(np.float32))
            parts.append(self._vowel(spelt, opened, semitones))
            at += closed + opened
        return self._utterance(name, parts, phones, at)

    def hums(self, name: str) -> Utterance:
        """A backchannel: mm-hmm."""
        parts = [np.zeros(round(ENDS * SAMPLE_RATE), np.float32), self._vowel("u", 0.36, 0)]
        phones = [Phone("SIL", 0, ENDS), Phone("M", ENDS, ENDS + 0.2), Phone("HH", ENDS + 0.2, ENDS + 0.24)]
        phones.append(Phone("M", ENDS + 0.24, ENDS + 0.36))
        return self._utterance(name, parts, phones, ENDS + 0.36, backchannel=True)

    def _vowel(self, spelt: str, length: float, semitones: int) -> FloatArray:
        key = spelt, round(length * 1000), semitones
        if key not in self._sounds:
            self._sounds[key] = vowel(spelt, length, self._pitch * 2 ** (semitones / 12))
        return self._sounds[key]

    def _utterance(
        self, name: str, parts: list[FloatArray], phones: list[Phone], end: float, backchannel: bool = False
    ) -> Utterance:
        parts.append(np.zeros(round(ENDS * SAMPLE_RATE), np.float32))
        pcm = np.concatenate(parts)
        phones.append(Phone("SIL", end, len(pcm) / SAMPLE_RATE))
        text = "mm-hmm" if backchannel else name
        return Utterance(name, self.name, self.material, text, pcm, tuple(phones), backchannel)


def bank(voices: int = 3, each: int = 24, material: str = "train") -> list[Utterance]:
    """Utterances of several voices, 1 to 5 s long, with three backchannels each."""
    rng = np.random.default_rng(77)
    said: list[Utterance] = []
    for index in range(voices):
        talker = Talker(f"voice{index}", 100.0 * 1.25**index, material)
        said += [talker.says(f"said{n}", rng, int(rng.integers(5, 22))) for n in range(each)]
        said += [talker.hums(f"hummed{n}") for n in range(3)]
    return said


def sides(conversations: Sequence[Conversation]) -> list[tuple[Dyad, int]]:
    """Every party of every conversation."""
    return [(conversation.dyad, party) for conversation in conversations for party in range(2)]


def attends(dyad: Dyad, party: int) -> NDArray[np.bool_]:
    """Frames in which this party listens and only listens."""
    return dyad.holds_floor[1 - party] & ~dyad.holds_floor[party]
