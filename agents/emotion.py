"""What an English text feels like, by VADER's lexicon and rules (Hutto and Gilbert 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

READS = "en"  # the only language of the lexicon
NEUTRAL_BELOW = 0.1  # of VADER's compound score
FELT = 0.6  # of arousal, for full valence
EXCLAIMED = 0.25  # of arousal, for each exclamation mark
MOST_EXCLAIMED = 2  # exclamation marks; more say no more


@dataclass(frozen=True, slots=True)
class Emotion:
    """``valence`` -1 (bad) to 1 (good), ``arousal`` 0 (calm) to 1 (excited)."""

    valence: float = 0.0
    arousal: float = 0.0

    @property
    def excitement(self) -> float:
        """How much of the arousal isn't valence's, 0 to 1 (as much as exclamation marks can add)."""
        beyond = self.arousal - FELT * abs(self.valence)
        return min(1.0, max(0.0, beyond / (EXCLAIMED * MOST_EXCLAIMED)))


CALM = Emotion()


def emotion_of(text: str) -> Emotion:
    """The emotion of a clause or a sentence in English; calm where nothing in it says anything else."""
    valence = float(_analyzer().polarity_scores(text)["compound"])
    if abs(valence) < NEUTRAL_BELOW:
        valence = 0.0
    exclaimed = min(MOST_EXCLAIMED, text.count("!"))
    arousal = min(1.0, FELT * abs(valence) + EXCLAIMED * exclaimed)
    return Emotion(valence, arousal)


@cache
def _analyzer() -> Any:
    # Reading the lexicon takes some 20 ms, once.
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
