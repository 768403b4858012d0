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
SCORE = -26.0  # a frame of speech, mean
WORD_SCORE = -48.0  # a frame, of the worst word
LONGEST_PHONE = 0.6  # s; only a wrong word makes a sound last longer
_PADDING = 0.3  # s of silence added before alignment, which its model expects
_HISS = 2.0  # of 32767; digital silence has no logarithm


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

        Raises ``AlignmentFailed`` for no words, words that the dictionary lacks, and words for which there is
        no path through the sound. How well they fit is not judged: see :meth:`Alignment.check`.
        """
        unknown = [word for word in words if not self.knows(word)]
        if unknown or not words:
            raise AlignmentFailed(
                "words", f"PocketSphinx's dictionary lacks {', '.join(unknown)}" if unknown else "no words"
            )
        noise = np.random.default_rng(0).normal(0, _HISS, len(pcm)).astype(np.float32) / np.float32(32767)
        sound = to_pcm16(pcm + noise).astype("<i2").tobytes()
        try:
            found = self._passes(sound, " ".join(words))
        except RuntimeError as error:  # PocketSphinx has no kinds of error
            raise AlignmentFailed("path", f"no path through the sound for {' '.join(words)!r}") from error
        return _read(found, len(pcm) / SAMPLE_RATE)

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


def _read(found: Any, seconds: float) -> Alignment:
    """PocketSphinx's words and phones as ours; what isn't speech (fillers such as +NSN+) is silence."""
    spans: list[tuple[str, int, int]] = []  # name, first frame, frames
    words: list[AlignedWord] = []
    score, frames = 0.0, 0
    for word in found:
        speech = not word.name.startswith(("<", "[", "+"))
        inside = [(phone.name, phone.start, phone.duration, phone.score) for phone in word]
        spans += [(name if speech else SILENCE, start, length) for name, start, length, _ in inside]
        if speech:
            total, length = sum(part[3] for part in inside), sum(part[2] for part in inside)
            start = inside[0][1]
            words.append(
                AlignedWord(
                    word.name.partition("(")[0],
                    start / FRAMES_A_SECOND,
                    (start + length) / FRAMES_A_SECOND,
                    total / length,
                )
            )
            score, frames = score + total, frames + length
    if not words:
        raise AlignmentFailed("path", "nothing but silence was found")
    phones: list[Phone] = []
    for name, first, length in spans:
        start = phones[-1].end if phones else 0.0
        end = min((first + length) / FRAMES_A_SECOND, seconds)
        if name == SILENCE and phones and phones[-1].name == SILENCE:
            phones[-1] = Phone(SILENCE, phones[-1].start, end)
        else:
            phones.append(Phone(name, start, end))
    # Its last window ends before the sound does.
    if phones[-1].name == SILENCE:
        phones[-1] = Phone(SILENCE, phones[-1].start, seconds)
    elif phones[-1].end < seconds:
        phones.append(Phone(SILENCE, phones[-1].end, seconds))
    return Alignment(tuple(phones), tuple(words), score / frames)


def align_whole(
    aligner: Aligner, pcm: FloatArray, words: Sequence[str]
) -> tuple[FloatArray, tuple[Phone, ...]]:
    """Align an utterance and bring the silence at its ends to the length that all have.

    Returns the sound (samples,) as it is to be kept and its phones. Raises ``AlignmentFailed`` also where the
    words are likely not those that are said.
    """
    pcm = padded(pcm, _PADDING)
    found = aligner.align(pcm, words)
    found.check()
    return trimmed(pcm, found.phones)
