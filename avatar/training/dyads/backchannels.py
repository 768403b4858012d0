"""Backchannels: some of a listener's nods are heard too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_RATE, SAMPLE_RATE
from avatar.training.dyads.timing import Contribution, Kind, Plan
from avatar.training.dyads.voice import Voice

INSIDE = (0.8, 1.2)  # s of the other's turn that must lie before and after
ALONE = (1.6, 1.2)  # s before an own turn and after it in which there is none
APART = 3.0  # s between two
AFTER_NOD = (-0.02, 0.14)  # s from the nod's onset to the sound


def wanted_backchannels(turns: int, share: float, rng: np.random.Generator) -> int:
    """How many backchannels make up ``share`` of all contributions beside so many turns."""
    # rounded by chance, so that short conversations have their share on average
    return int(turns * share / (1 - share) + rng.random())


def acknowledge(
    nods: Sequence[NDArray[np.intp]],
    turns: Sequence[Contribution],
    voices: tuple[Voice, Voice],
    count: int,
    rng: np.random.Generator,
) -> list[Contribution]:
    """Up to ``count`` backchannels, each with one of the parties' ``nods`` (frames, one array a party)."""
    candidates = [
        (party, frame / FRAME_RATE)
        for party in range(2)
        if voices[party].acknowledges
        for frame in nods[party].tolist()
        if _fits(party, frame / FRAME_RATE, turns)
    ]
    chosen: list[tuple[int, float]] = []
    for index in rng.permutation(len(candidates)):
        party, time = candidates[index]
        if len(chosen) < count and all(abs(time - other) >= APART for _, other in chosen):
            chosen.append((party, time))
    return [
        Plan((voices[party].acknowledge(),)).placed(
            party, Kind.BACKCHANNEL, time + float(rng.uniform(*AFTER_NOD))
        )
        for party, time in sorted(chosen, key=lambda item: item[1])
    ]


def _fits(party: int, time: float, turns: Sequence[Contribution]) -> bool:
    heard = any(
        turn.start / SAMPLE_RATE + INSIDE[0] <= time <= turn.end / SAMPLE_RATE - INSIDE[1]
        for turn in turns
        if turn.party != party
    )
    near = any(
        turn.start / SAMPLE_RATE - ALONE[0] <= time <= turn.end / SAMPLE_RATE + ALONE[1]
        for turn in turns
        if turn.party == party
    )
    return heard and not near
