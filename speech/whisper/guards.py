"""What the recogniser refuses to believe: text out of silence, and decoding that runs in circles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from whisper.utils import compression_ratio

MIN_REPEATED_TOKENS = 24  # shorter repetition is how people speak: "no, no, no", "zero zero zero"
MIN_REPETITIONS = 4
MAX_PERIOD = 24  # tokens: the longest sentence that loops have been seen to repeat
MIN_COMPRESSED_LENGTH = 40  # characters: zlib's header makes the ratio of shorter text meaningless

# What Whisper was fed beside silence and applause: the ends of subtitled videos.
SILENCE_PHRASES = frozenset(
    {
        "", "you", "thank you", "thank you very much", "thank you so much", "thanks", "thanks for watching",
        "thank you for watching", "thanks for listening", "bye", "bye bye", "the end", "so", "okay", "oh",
        "hmm", "uh", "um", "yeah", "i", "a", "the", "please subscribe", "subtitles by the amara org "
        "community",
        "ill see you next time", "see you next time", "well be right back",
        "foreign", "music", "applause", "silence",
    }
)  # fmt: skip


class Rejection(StrEnum):
    """Why a transcript was emptied (`Transcript.rejected`)."""

    SILENCE = "silence"
    HALLUCINATION = "hallucination"
    LOOP = "loop"


def repeats(tokens: Sequence[int]) -> bool:
    """Whether the end of ``tokens`` says the same thing over and over, with any period up to 24 tokens."""
    for period in range(1, MAX_PERIOD + 1):
        span = max(MIN_REPEATED_TOKENS, MIN_REPETITIONS * period)
        if len(tokens) < span:
            continue
        tail = tokens[-span:]
        if all(tail[i] == tail[i + period] for i in range(span - period)):
            return True
    return False


def compresses(text: str, threshold: float) -> bool:
    """Whether zlib shrinks ``text`` by more than ``threshold`` times, as it does with loops of any period."""
    return len(text) >= MIN_COMPRESSED_LENGTH and bool(compression_ratio(text) > threshold)


def is_silence_phrase(text: str) -> bool:
    """Whether ``text`` is one of the phrases that Whisper says to silence."""
    letters = re.sub(r"[^\w\s]", "", text.lower())
    return " ".join(letters.split()) in SILENCE_PHRASES
