"""How much silence ends the user's turn, from all that is known about the pause so far.

Every policy answers with a wait. More evidence about the same pause may come at any time; the latest answer
holds. Numbers in, decisions out: whoever hears and transcribes is elsewhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

from agents.turn_taking.last_words import Ending, last_words
from agents.turn_taking.question import Asked
from agents.turn_taking.weights import Weights, packaged_weights

SMART_TURN_THRESHOLD: Final = 0.5  # the model's own
SMART_TURN_OVER: Final = 0.2  # seconds of silence once it says so, as where it comes from
SMART_TURN_UNFINISHED: Final = 3.0  # seconds otherwise, as where it comes from
SOON: Final = 0.5  # seconds of silence; a turn that ends by then is over before anybody could be asked
ENOUGH_WORDS: Final = 4  # a turn of so many words may be whole, however few they are
_CERTAIN: Final = 0.01  # probabilities nearer than this to 0 or 1 say no more
_LOWEST: Final = 0.02  # share of the voice below its end that is as good as none
_RAREST: Final = 1e-4  # an ending less likely than this says no more


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about one pause; None, or nothing asked, where it isn't known (yet).

    ``smart_turn`` and ``ending`` are probabilities 0..1 that the turn is over, of an audio model and of a
    language model; ``pitch_rank`` (the share 0..1 of the turn's voice that is lower than its end),
    ``energy_fall`` in dB and ``voice`` (the last stretch of voice) in seconds describe the end of the sound;
    ``text`` is the transcript of the turn so far; ``asked``
    the sort of question that the agent had asked.
    """

    smart_turn: float | None = None
    pitch_rank: float | None = None
    energy_fall: float | None = None
    voice: float | None = None
    text: str | None = None
    ending: float | None = None
    asked: Asked = Asked.NOTHING


class EndOfTurnPolicy(Protocol):
    """From evidence to the silence that ends the turn."""

    def probability(self, evidence: Evidence) -> float:
        """Probability 0..1 that the turn is over; NaN where the policy can't say."""
        ...

    def needed_silence(self, evidence: Evidence) -> float:
        """Seconds of silence, counted from the end of the speech, after which the turn is over."""
        ...


class SmartTurnPolicy:
    """The audio model alone, at its own threshold; ``patience`` 0..1 stretches the wait it asks for."""

    def __init__(self, patience: float = 0.5) -> None:
        self._unfinished = stretched(SMART_TURN_OVER, SMART_TURN_UNFINISHED, patience)

    def probability(self, evidence: Evidence) -> float:
        """What the model says."""
        return math.nan if evidence.smart_turn is None else evidence.smart_turn

    def needed_silence(self, evidence: Evidence) -> float:
        """Short where the model calls the turn over, long where it doesn't or hasn't answered."""
        over = evidence.smart_turn is not None and evidence.smart_turn >= SMART_TURN_THRESHOLD
        return SMART_TURN_OVER if over else self._unfinished


class FusedPolicy:
    """All evidence weighed together by a logistic model; what is missing has a weight of its own.

    ``patience`` 0..1 stretches every wait beyond the shortest, from half at 0 to one and a half at 1.
    """

    def __init__(self, patience: float = 0.5, weights: Weights | None = None) -> None:
        self._weights = weights or packaged_weights()
        self._patience = patience

    def probability(self, evidence: Evidence) -> float:
        """Probability 0..1 that the turn is over."""
        weights = self._weights
        total = weights.bias + weights.asked.get(evidence.asked.value, 0.0)
        for source, features in features_of(evidence).items():
            if features is None:
                total += weights.missing[source]
            else:
                total += sum(weights.features[name] * value for name, value in features.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))

    def needed_silence(self, evidence: Evidence) -> float:
        """Short where the turn is likely to be over, long where more words are sure to come."""
        waits = self._weights.waits
        return stretched(waits[0].seconds, self._weights.wait(self.probability(evidence)), self._patience)


def stretched(shortest: float, seconds: float, patience: float) -> float:
    """The wait with what is beyond the shortest one scaled by ``patience`` (0: half, 1: one and a half)."""
    return shortest + (seconds - shortest) * (0.5 + patience)


def features_of(evidence: Evidence) -> dict[str, dict[str, float] | None]:
    """The numbers that are weighed, by source and name; None for a source that has said nothing."""
    return {
        "smart_turn": _smart_turn(evidence.smart_turn),
        "pitch": None if evidence.pitch_rank is None else {"pitch_rank": _lowness(evidence.pitch_rank)},
        "energy": _energy(evidence),
        "words": None if evidence.text is None else _words(evidence.text, evidence.asked),
        "ending": None if evidence.ending is None else {"ending": _rarity(evidence.ending)},
    }


def _smart_turn(probability: float | None) -> dict[str, float] | None:
    if probability is None:
        return None
    kept = max(_CERTAIN, min(1 - _CERTAIN, probability))
    return {"smart_turn": math.log(kept / (1 - kept))}


def _lowness(rank: float) -> float:
    """The rank's logarithm: what counts is whether hardly anything was lower."""
    return math.log(_LOWEST + max(0.0, min(1.0, rank)))


def _energy(evidence: Evidence) -> dict[str, float] | None:
    if evidence.energy_fall is None or evidence.voice is None:
        return None
    return {"energy_fall": _within(evidence.energy_fall, 20) / 10, "voice": min(evidence.voice, 0.6)}


def _words(text: str, asked: Asked) -> dict[str, float]:
    last = last_words(text)
    # Who was asked for a day or a name, or yes or no, has said enough with one.
    enough = asked in (Asked.SHORT, Asked.YES_OR_NO) and last.words > 0
    return {
        **{ending.value: float(last.ending is ending) for ending in Ending if ending is not Ending.WORD},
        "punctuated": float(last.punctuated),
        "asks": float(last.asks),
        "length": math.log1p(ENOUGH_WORDS if enough else min(last.words, ENOUGH_WORDS)),
        "listing": float(min(last.listing, 4)),
    }


def _rarity(probability: float) -> float:
    return math.log10(max(_RAREST, probability)) + 2


def _within(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))
