"""What the timing of a conversation comes to, in the figures that people's conversations are described by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from avatar.animator import SAMPLE_RATE
from avatar.training.dyads.clips import SILENCE
from avatar.training.dyads.timing import Contribution, Kind

STEP = SAMPLE_RATE // 100  # samples: silences are measured in steps of 10 ms
STRETCH = 1.0  # s of both silent that is a stretch of silence, and no gap any more


@dataclass(frozen=True, slots=True)
class TimingMeasure:
    """Figures of one or several conversations.

    ``gaps``: seconds from the end of a turn to the other party's next, negative where they overlap, without
    stretches of silence. ``backchannels`` is a share of contributions, ``interruptions`` of changes,
    ``silence`` of time in stretches of 1 s and more with both silent; ``turns`` are lengths in seconds.
    """

    gaps: NDArray[np.float64]
    turns: NDArray[np.float64]
    backchannels: float
    interruptions: float
    silence: float

    @property
    def median_gap(self) -> float:
        """Of the changes that don't overlap, in seconds."""
        return float(np.median(self.gaps[self.gaps >= 0]))

    @property
    def overlaps(self) -> float:
        """Share of changes at which both are heard."""
        return float((self.gaps < 0).mean())


def measure_timing(conversations: Sequence[Sequence[Contribution]], seconds: float) -> TimingMeasure:
    """Figures of conversations, each ``seconds`` long: contributions in order of their beginnings."""
    gaps: list[float] = []
    lengths: list[float] = []
    backchannels = contributions = interruptions = 0
    silence = 0.0
    for conversation in conversations:
        turns = [c for c in conversation if c.kind is Kind.TURN]
        contributions += len(conversation)
        backchannels += len(conversation) - len(turns)
        lengths += [(turn.end - turn.start) / SAMPLE_RATE for turn in turns]
        for turn, following in pairwise(turns):
            gap = (following.start - turn.end) / SAMPLE_RATE
            if turn.party != following.party and gap < STRETCH:
                gaps.append(gap)
                interruptions += following.interrupts
        silence += _silence(conversation, seconds)
    return TimingMeasure(
        gaps=np.array(gaps),
        turns=np.array(lengths),
        backchannels=backchannels / max(1, contributions),
        interruptions=interruptions / max(1, len(gaps)),
        silence=silence / (len(conversations) * seconds),
    )


def _silence(conversation: Sequence[Contribution], seconds: float) -> float:
    sounding = np.zeros(round(seconds * SAMPLE_RATE) // STEP + 1, dtype=bool)
    for contribution in conversation:
        begin = contribution.start / SAMPLE_RATE - contribution.utterance.phones[0].end
        for phone in contribution.utterance.phones:
            if phone.name != SILENCE:
                first, last = (round((begin + t) * SAMPLE_RATE) // STEP for t in (phone.start, phone.end))
                sounding[first : last + 1] = True
    edges = np.flatnonzero(np.diff(sounding.astype(np.int8), prepend=1, append=1))
    stretches = (edges[1::2] - edges[::2]) * STEP / SAMPLE_RATE
    return float(stretches[stretches >= STRETCH].sum())
