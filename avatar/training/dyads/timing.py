"""Who speaks when: turns with pauses, gaps and overlaps between them, interruptions, stretches of silence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from avatar.animator import FRAME_SAMPLES, SAMPLE_RATE
from avatar.training.dyads.clips import LEAD, cut, joined, length, spoken
from avatar.training.dyads.options import TimingOptions
from avatar.training.dyads.utterance import Utterance
from avatar.training.dyads.voice import Voice

SHORTEST = 1.2  # s of a turn
PAUSE = (0.15, 0.95)  # s within a turn
LONGEST_GAP = 0.95  # s; from 1 s on, both being silent is a stretch of its own
GAP_SPREAD = 0.6  # of the logarithm
OVERLAP = 0.22  # s, median
OVERLAP_SPREAD = 0.5
OVERLAP_SHARE = 0.35  # of the shorter turn, at most
OWN_REST = 0.5  # s between two turns of one party, at least
INTERRUPTED = (0.4, 0.8)  # of the turn, when the other begins
GIVES_UP = (0.15, 0.45)  # s until the interrupted party stops
INTERRUPTIBLE = 2.5  # s of turn
LAPSE = (1.3, 6.0)  # s of one stretch of silence
TYPICAL_LAPSE = 3.0  # s
RESUMES = 0.4  # chance that after a stretch of silence the same party goes on
OPENING = (0.2, 0.9)  # s before the first turn
BREAK_IN = 0.1  # s of speech that is left, at least, of whatever is broken off


class Kind(StrEnum):
    """What a contribution does to the floor."""

    TURN = "turn"
    BACKCHANNEL = "backchannel"


@dataclass(frozen=True, slots=True)
class Contribution:
    """One stretch of talk of one party.

    ``start`` and ``end`` are the first and last sound, in samples of the conversation; ``utterance`` is a
    passage (see ``clips.joined``) whose first sample is that of ``frame``. A turn ``interrupts`` if it cuts
    the other's short.
    """

    party: int
    kind: Kind
    start: int
    end: int
    frame: int
    utterance: Utterance
    interrupts: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What one party is about to say: utterances, and the pauses between them in seconds."""

    pieces: tuple[Utterance, ...]
    pauses: tuple[float, ...] = ()

    @property
    def seconds(self) -> float:
        """From the first sound to the last."""
        return sum(length(piece) for piece in self.pieces) + sum(self.pauses)

    def until(self, seconds: float) -> Plan:
        """The plan broken off after so many seconds, in the middle of a word if need be."""
        kept: list[Utterance] = []
        at = 0.0
        for piece, pause in zip(self.pieces, (*self.pauses, 0.0), strict=True):
            if kept and at > seconds - BREAK_IN:
                break
            kept.append(cut(piece, spoken(piece)[0] + max(BREAK_IN, seconds - at)))
            at += length(piece) + pause
        return Plan(tuple(kept), self.pauses[: len(kept) - 1])

    def placed(self, party: int, kind: Kind, start: float, interrupts: bool = False) -> Contribution:
        """The plan carried out, its first sound ``start`` seconds into the conversation."""
        first = round(start * SAMPLE_RATE)
        frame, offset = divmod(first - LEAD, FRAME_SAMPLES)
        passage = joined(self.pieces, self.pauses, offset)
        last = frame * FRAME_SAMPLES + round(spoken(passage)[1] * SAMPLE_RATE)
        return Contribution(party, kind, first, last, frame, passage, interrupts)


class Floor:
    """Hands the turn back and forth between two voices."""

    def __init__(self, voices: tuple[Voice, Voice], rng: np.random.Generator, options: TimingOptions) -> None:
        self._voices = voices
        self._rng = rng
        self._options = options
        # an interruption is an overlap too, so that the other changes overlap less often than all do
        rest = 1 - options.interruptions
        self._overlaps = (options.overlaps - options.interruptions) / rest if rest else 0.0

    def turns(self, seconds: float) -> list[Contribution]:
        """The turns of a conversation in order of their beginnings; the last may go on past ``seconds``."""
        lapses = self._lapses(seconds)
        party = int(self._rng.integers(2))
        plan = self._plan(party)
        start = LEAD / SAMPLE_RATE + self._uniform(OPENING)
        free = [0.0, 0.0]  # s from which each party may begin again
        turns: list[Contribution] = []
        interrupts = False
        while start < seconds:
            interrupted = plan.seconds > INTERRUPTIBLE and self._chance(self._options.interruptions)
            lapse = not interrupted and bool(lapses) and start + plan.seconds > lapses[0][0]
            following = party if lapse and self._chance(RESUMES) else 1 - party
            answer = self._plan(following)
            if interrupted:
                offset = plan.seconds * self._uniform(INTERRUPTED)
                plan = plan.until(offset + self._uniform(GIVES_UP))
            elif lapse:
                offset = plan.seconds + lapses.pop(0)[1]
            else:
                offset = plan.seconds + self._gap(min(plan.seconds, answer.seconds))
            turns.append(plan.placed(party, Kind.TURN, start, interrupts))
            free[party] = turns[-1].end / SAMPLE_RATE + OWN_REST
            start = max(start + offset, free[following])
            party, plan, interrupts = following, answer, interrupted
        return turns

    def _plan(self, party: int) -> Plan:
        low, high = self._options.turn
        if self._chance(self._options.short_turns):
            wanted, most = self._uniform((SHORTEST, low)), low
        else:  # long turns thin out towards the longest
            wanted, most = low + (high - low) * float(self._rng.beta(1.2, 2.6)), high
        pieces = [self._voices[party].say(most)]
        pauses: list[float] = []
        seconds = length(pieces[0])
        while seconds < wanted:
            pause = self._pause()
            piece = self._voices[party].say(most - seconds - pause)
            if seconds + pause + length(piece) > most:
                break
            pauses.append(pause)
            pieces.append(piece)
            seconds += pause + length(piece)
        return Plan(tuple(pieces), tuple(pauses))

    def _pause(self) -> float:
        return float(np.clip(self._options.pause * np.exp(self._rng.normal(0, GAP_SPREAD)), *PAUSE))

    def _gap(self, shorter: float) -> float:
        """Seconds from the end of a turn to the next one, negative if they overlap."""
        if self._chance(self._overlaps):
            overlap = OVERLAP * float(np.exp(self._rng.normal(0, OVERLAP_SPREAD)))
            return -min(overlap, OVERLAP_SHARE * shorter)
        return min(self._options.gap * float(np.exp(self._rng.normal(0, GAP_SPREAD))), LONGEST_GAP)

    def _lapses(self, seconds: float) -> list[tuple[float, float]]:
        """Stretches of silence: when each is due, and how long it lasts, in seconds."""
        total = self._uniform(self._options.silence) * seconds
        count = int(total / TYPICAL_LAPSE + self._rng.random())
        if not count:
            return []
        due = (np.arange(count) + self._rng.uniform(0.1, 0.8, count)) * seconds / count
        lengths = np.clip(total / count * self._rng.uniform(0.7, 1.3, count), *LAPSE)
        return list(zip(due.tolist(), lengths.tolist(), strict=True))

    def _chance(self, share: float) -> bool:
        return float(self._rng.random()) < share

    def _uniform(self, span: tuple[float, float]) -> float:
        return float(self._rng.uniform(*span))
