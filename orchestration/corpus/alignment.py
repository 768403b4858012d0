"""When each phone of known words sounds: forced alignment with PocketSphinx, and how far it is to be trusted.

Two passes: the first finds pronunciations and pauses, the second the phones. PocketSphinx gives each phone a
score a frame of 10 ms: how much worse it fits than the best of all sounds, in its own logarithmic units. Over
a whole text that is told right from wrong (see ``SCORE``), and over its worst word one wrong word among right
ones (``WORD_SCORE``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from avatar.animator import SAMPLE_RATE, FloatArray
from avatar.training.dyads.utterance import Phone
from orchestration.corpus.edges import SILENCE, padded, trimmed
from orchestration.corpus.errors import AlignmentFailed, CorpusError
from speech.audio import to_pcm16

FRAMES_A_SECOND = 100  # of PocketSphinx
# A frame is named by its first sample but heard over 25.6 ms: a change lies between the middles of two.
_LATER = 0.008  # s
SCORE = -28.0  # a frame of speech, mean
WORD_SCORE = -50.0  # a frame, of the worst word
SHORTEST = 0.06  # s; no phone takes less than three frames
LONGEST_PHONE = 0.6  # s; only a wrong word makes a sound last longer
# Seconds of silence added at both ends, and noise in units of 16-bit samples. With one of twelve right texts
# PocketSphinx's second pass loses its way by chance; another beginning puts it right.
_ATTEMPTS = ((0.0, 0.3), (0.0, 2.0), (0.1, 0.3), (0.3, 0.3))


@dataclass(frozen=True, slots=True)
class AlignedWord:
    """A word as it was found; seconds from the start. ``score`` is its mean a frame."""

    text: str
    start: float
    end: float
    score: float


@dataclass(frozen=True, slots=True)
class Alignment:
    """Phones that cover the sound in order, silences included; the words; speech's mean score a frame."""

    phones: tuple[Phone, ...]
    words: tuple[AlignedWord, ...]
    score: float

    @property
    def worst_word(self) -> float:
        """The lowest score of a word."""
        return min(word.score for word in self.words)

    @property
    def longest_phone(self) -> float:
        """Length of the longest sound that isn't silence, seconds."""
        return max(phone.end - phone.start for phone in self.phones if phone.name != SILENCE)

    def check(self) -> None:
        """Raise ``AlignmentFailed`` if the words are likely not those that are said."""
        if self.score < SCORE:
            raise AlignmentFailed("score", f"the words fit at {self.score:.0f}; {SCORE:.0f} is the least")
        if self.worst_word < WORD_SCORE:
            worst = min(self.words, key=lambda word: word.score)
            raise AlignmentFailed(
                "word", f"{worst.text!r} fits at {worst.score:.0f}; {WORD_SCORE:.0f} is the least"
            )
        if self.longest_phone > LONGEST_PHONE:
            raise AlignmentFailed(
                "phone", f"a phone lasts {self.longest_phone:.2f} s; {LONGEST_PHONE} s is the most"
            )


class Aligner:
    """PocketSphinx with its own American model and dictionary.

    Raises ``CorpusError`` where the package isn't installed. Nothing is carried from one sound to the next.
    """

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder
        except ImportError as error:
            raise CorpusError(
                "alignment needs PocketSphinx: python -m pip install 'visavis[corpus]' (or pocketsphinx)"
            ) from error
        self._decoder: Any = Decoder(lm=None, loglevel="FATAL")

    def knows(self, word: str) -> bool:
        """Is the lower-case ``word`` in the dictionary?"""
        return self._decoder.lookup_word(word) is not None

    def align(self, pcm: FloatArray, words: Sequence[str]) -> Alignment:
        """Find ``words`` (lower case, of the dictionary) in float32 ``pcm`` (samples,) at 16 kHz.

        Raises ``AlignmentFailed`` for no words, words that the dictionary lacks, no sound, and where there is
        no path through it for the words. How well they fit isn't judged: see :meth:`Alignment.check`.
        """
        unknown = [word for word in words if not self.knows(word)]
        if unknown or not words:
            raise AlignmentFailed(
                "words", f"PocketSphinx's dictionary lacks {', '.join(unknown)}" if unknown else "no words"
            )
        if len(pcm) < SHORTEST * SAMPLE_RATE:
            raise AlignmentFailed("sound", f"{len(pcm) / SAMPLE_RATE:.2f} s of sound hold no word")
        problem: RuntimeError | None = None
        for padding, hiss in _ATTEMPTS:
            try:
                found = self._passes(_heard(pcm, padding, hiss), " ".join(words))
            except RuntimeError as error:  # PocketSphinx has no kinds of error
                problem = error
                continue
            return _read(found, padding, len(pcm) / SAMPLE_RATE)
        raise AlignmentFailed("path", f"no path through the sound for {' '.join(words)!r}") from problem

    def _passes(self, sound: bytes, text: str) -> Any:
        self._decoder.set_align_text(text)
        for again in (False, True):
            if again:
                self._decoder.set_alignment()
            self._decoder.start_utt()
            try:
                self._decoder.process_raw(sound, full_utt=True)
            finally:
                self._decoder.end_utt()
        return self._decoder.get_alignment()


def _heard(pcm: FloatArray, padding: float, hiss: float) -> bytes:
    """16-bit sound as PocketSphinx is given it; digital silence has no logarithm, so some noise is added."""
    sound = padded(pcm, padding)
    noise = np.random.default_rng(0).normal(0, hiss / 32767, len(sound)).astype(np.float32)
    return to_pcm16(sound + noise).astype("<i2").tobytes()


def _read(found: Any, padding: float, seconds: float) -> Alignment:
    """PocketSphinx's words and phones as ours; what isn't speech (fillers such as +NSN+) is silence."""

    def at(frame: int) -> float:
        return min(max(round(frame / FRAMES_A_SECOND + _LATER - padding, 4), 0.0), seconds)

    spans: list[tuple[str, int]] = []  # name, frame after the last
    words: list[AlignedWord] = []
    score, frames = 0, 0
    for word in found:
        speech = not word.name.startswith(("<", "[", "+"))
        inside = [(phone.name, phone.start + phone.duration, phone.duration, phone.score) for phone in word]
        spans += [(name if speech else SILENCE, end) for name, end, _, _ in inside]
        if speech:
            total, length = sum(part[3] for part in inside), sum(part[2] for part in inside)
            end = inside[-1][1]
            words.append(AlignedWord(word.name.partition("(")[0], at(end - length), at(end), total / length))
            score, frames = score + total, frames + length
    if not words:
        raise AlignmentFailed("path", "nothing but silence was found")
    # PocketSphinx's last window ends before the sound does: what is left is silence.
    ends = [(name, at(end)) for name, end in spans] + [(SILENCE, seconds)]
    phones: list[Phone] = []
    for name, end_at in ends:
        start = phones[-1].end if phones else 0.0
        if phones and phones[-1].name == name == SILENCE:
            phones[-1] = Phone(SILENCE, phones[-1].start, end_at)
        elif end_at > start:
            phones.append(Phone(name, start, end_at))
    return Alignment(tuple(phones), tuple(words), score / frames)


def align_whole(
    aligner: Aligner, pcm: FloatArray, words: Sequence[str]
) -> tuple[FloatArray, tuple[Phone, ...]]:
    """Align an utterance and bring the silence at its ends to the length that all have.

    Returns the sound (samples,) as it is to be kept and its phones. Raises ``AlignmentFailed`` also where the
    words are likely not those that are said.
    """
    found = aligner.align(pcm, words)
    found.check()
    return trimmed(pcm, found.phones)
