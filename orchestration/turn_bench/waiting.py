"""Chooses the waits of the fused end-of-turn policy: the quickest that take over few enough pauses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.turn_taking.end_of_turn import SOON
from agents.turn_taking.weights import Wait
from orchestration.media import FRAME_SECONDS
from orchestration.turn_bench.pauses import Pause

QUICK: Final = 0.24  # seconds, the shortest wait
LONGEST: Final = 2.4  # seconds, the longest at the middle patience
CHANCES: Final = (0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4, 0.35, 0.3)
CHANCE_STEP: Final = 0.01
SECONDS: Final = (0.44, 0.52, 0.6, 0.72, 0.84, 1.0, 1.4, 1.8)  # of the two waits between
# Shares of the user's pauses that may be taken for ends, on the development half.
SENTENCES: Final = 0.04  # one pause in a person's sentence
HUMAN: Final = 0.04  # all of a person's
SYNTHETIC: Final = 0.06
COST: Final = 30.0  # seconds of delay that the whole share above it is worth

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """Pauses and what was thought of them: ``since`` seconds and log-odds of an end, (pauses, stages)."""

    since: Array
    odds: Array
    silence: Array  # seconds until speech went on, infinite where the turn was over
    human: Flags
    sentence: Flags  # one pause in a sentence, or a whole one

    @classmethod
    def of(cls, pauses: Sequence[Pause], since: Array, odds: Array) -> Judged:
        """Put what is known of ``pauses`` beside it."""
        return cls(
            since,
            odds,
            np.array([np.inf if pause.silence is None else pause.silence for pause in pauses]),
            np.array([pause.column == "human" for pause in pauses]),
            np.array([pause.kind in ("pause", "complete") for pause in pauses]),
        )


def delays(judged: Judged, waits: Sequence[Wait]) -> Array:
    """Seconds of silence after which each turn ends (pauses,), asking the language model when unsure."""
    chances = np.array([wait.probability for wait in waits][::-1])
    seconds = np.array([wait.seconds for wait in waits][::-1])
    needed = np.interp(judged.odds, np.log(chances / (1 - chances)), seconds)
    until = np.column_stack([judged.since[:, 1:], np.full(len(needed), np.inf)])
    until[needed[:, -2] <= SOON, -2] = np.inf  # nobody is asked
    ends = np.maximum(judged.since, needed)
    ends[:, :-2] = np.inf  # it decides once it knows the words
    first = np.argmax(ends < until, axis=1)
    chosen = ends[np.arange(len(ends)), first]
    whole: Array = np.ceil(chosen / FRAME_SECONDS - 1e-6) * FRAME_SECONDS
    return whole


def choose_waits(judged: Judged, chances: Sequence[float] = CHANCES) -> tuple[Wait, ...]:
    """The waits with the least cost: delays of both columns, and pauses taken over beyond the limits.

    Four of ``chances``, which fall, are given a wait each; the best four are then moved in small steps for
    as long as that helps.
    """

    def costs(waits: tuple[Wait, ...]) -> float:
        return cost(judged, delays(judged, waits))

    best = min(_candidates(chances), key=costs)
    while True:
        near = min(_neighbours(best), key=costs)
        if costs(near) >= costs(best):
            return best
        best = near


def cost(judged: Judged, delay: Array) -> float:
    """Seconds; a person's sentences count most, their tail too."""
    over = np.isinf(judged.silence)
    sentences = judged.human & judged.sentence
    total = float(0.25 * np.percentile(delay[sentences & over], 90)) if (sentences & over).any() else 0.0
    shares = ((sentences, SENTENCES, 1.0), (judged.human, HUMAN, 0.3), (~judged.human, SYNTHETIC, 0.5))
    for chosen, limit, weight in shares:
        ends, pauses = chosen & over, chosen & ~over
        if ends.any():
            total += weight * float(delay[ends].mean() + np.median(delay[ends]))
        if pauses.any():
            taken_over = float(np.mean(delay[pauses] < judged.silence[pauses]))
            total += COST * max(0.0, taken_over - limit)
    return total


def _candidates(known: Sequence[float]) -> Iterator[tuple[Wait, ...]]:
    for chances in combinations(known, 4):
        for middle, later in product(SECONDS, SECONDS):
            if middle <= later:
                seconds = (QUICK, middle, later, LONGEST)
                yield tuple(
                    Wait.model_construct(probability=chance, seconds=wait)
                    for chance, wait in zip(chances, seconds, strict=True)
                )


def _neighbours(waits: tuple[Wait, ...]) -> Iterator[tuple[Wait, ...]]:
    """One chance, or one of the waits between, a step to either side; those that stay in order."""
    yield waits
    for index, wait in enumerate(waits):
        for step in (-1, 1):
            chance = round(wait.probability + step * CHANCE_STEP, 3)
            moved = [wait.model_copy(update={"probability": chance})]
            if 0 < index < len(waits) - 1:
                seconds = round(wait.seconds + step * FRAME_SECONDS, 3)
                moved.append(wait.model_copy(update={"seconds": seconds}))
            for one in moved:
                trial = (*waits[:index], one, *waits[index + 1 :])
                if all(a.probability > b.probability and a.seconds <= b.seconds for a, b in pairwise(trial)):
                    yield trial
