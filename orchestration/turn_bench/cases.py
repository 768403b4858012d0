"""All cases of one half, the same for the same seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from orchestration.turn_bench.case import Case, Half, Kind
from orchestration.turn_bench.openings import Openings
from orchestration.turn_bench.others import others
from orchestration.turn_bench.overlaps import human_overlaps, noises, synthetic_overlaps
from orchestration.turn_bench.recordings import nasal_words, sentences, words
from orchestration.turn_bench.turns import human_turns, silences, synthetic_turns
from orchestration.turn_bench.voices import neural_voices, synthetic_voices

HUMAN: Final = {
    Kind.PAUSE: 80,
    Kind.COMPLETE: 60,
    Kind.LIST: 24,
    Kind.HESITANT: 24,
    Kind.NOISY_TURN: 20,
    Kind.MONOLOGUE: 6,
    Kind.BACKCHANNEL: 40,
    Kind.INTERRUPTION: 60,
    Kind.SIDE_TALK: 40,
    Kind.ECHO: 20,
}
SYNTHETIC: Final = {
    Kind.PAUSE: 40,
    Kind.COMPLETE: 30,
    Kind.LIST: 12,
    Kind.HESITANT: 16,
    Kind.NOISY_TURN: 20,
    Kind.MONOLOGUE: 4,
    Kind.BACKCHANNEL: 32,
    Kind.INTERRUPTION: 30,
    Kind.SIDE_TALK: 20,
    Kind.ECHO: 20,
}
NEURAL: Final = SYNTHETIC | {Kind.NOISY_TURN: 0, Kind.ECHO: 0}  # it is the melody that differs
SOUND: Final = {Kind.SILENCE: 12, Kind.NOISE: 40}
OTHERS: Final = 20  # recordings of each other person that talks beside the user
QUICK: Final = 6  # the share of the cases that a quick run takes is one in so many


def fewer(counts: dict[Kind, int], divisor: int) -> dict[Kind, int]:
    """A like mixture of about one ``divisor``-th of the cases, three of each kind at least."""
    return {kind: min(count, max(3, count // divisor)) for kind, count in counts.items()}


def build_cases(
    half: Half, *, seed: int = 0, divisor: int = 1, folder: Path | None = None, neural: bool = False
) -> list[Case]:
    """Hundreds of cases from the recordings of ``half``, and with ``neural`` those of neural voices too.

    Raises ``NoRecordings`` where there are none, ``ModelError`` where the neural voices are missing.
    """
    human, synthetic, sound = (fewer(counts, divisor) for counts in (HUMAN, SYNTHETIC, SOUND))
    said = list(sentences(half, folder))
    nasals, items = list(nasal_words(half, folder)), list(words(half, folder))
    spoken = synthetic_voices(half)
    # A generator for each part: more cases of one kind leave all others as they are.
    streams = [np.random.default_rng((seed, part)) for part in range(8)]
    strangers = [one for theirs in others(half, OTHERS).values() for one in theirs]
    further = [neural_voices(half)] if neural else []
    openings = Openings(said, [spoken, *further], others=bool(strangers))
    built = [
        *human_turns(said, items, nasals, human, streams[0]),
        *synthetic_turns(spoken, synthetic, streams[1]),
        *silences(sound[Kind.SILENCE], streams[2]),
        *human_overlaps(said, nasals, human, streams[3], strangers),
        *synthetic_overlaps(spoken, synthetic, streams[4]),
        *noises(sound[Kind.NOISE], [one.pcm for one in said], streams[5]),
    ]
    for voices in further:
        built += synthetic_turns(voices, fewer(NEURAL, divisor), streams[6])
        built += synthetic_overlaps(voices, fewer(NEURAL, divisor), streams[7])
    return [replace(case, opening=openings.of(case)) if case.agent_talks else case for case in built]
