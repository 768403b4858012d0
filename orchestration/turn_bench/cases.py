"""All cases of one half, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from orchestration.media import FloatArray
from orchestration.turn_bench.case import Case, Column, Half, Kind
from orchestration.turn_bench.overlaps import human_overlaps, noises, synthetic_overlaps
from orchestration.turn_bench.recordings import Recording, nasal_words, sentences, words
from orchestration.turn_bench.turns import human_turns, silences, synthetic_turns
from orchestration.turn_bench.voices import SyntheticVoices, synthetic_voices

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
SOUND: Final = {Kind.SILENCE: 12, Kind.NOISE: 40}
OPENING: Final = 1.5  # seconds, shortest sentence that a conversation begins with
QUICK: Final = 6  # the share of the cases that a quick run takes is one in so many


def fewer(counts: dict[Kind, int], divisor: int) -> dict[Kind, int]:
    """A like mixture of about one ``divisor``-th of the cases, three of each kind at least."""
    return {kind: min(count, max(3, count // divisor)) for kind, count in counts.items()}


def build_cases(half: Half, *, seed: int = 0, divisor: int = 1, folder: Path | None = None) -> list[Case]:
    """Hundreds of cases from the recordings of ``half``; raises ``NoRecordings`` where there are none."""
    human, synthetic, sound = (fewer(counts, divisor) for counts in (HUMAN, SYNTHETIC, SOUND))
    said = list(sentences(half, folder))
    nasals, items = list(nasal_words(half, folder)), list(words(half, folder))
    spoken = synthetic_voices(half)
    # A generator for each part: more cases of one kind leave all others as they are.
    streams = [np.random.default_rng((seed, part)) for part in range(6)]
    opening = dict(_openings(said, spoken))
    built = [
        *human_turns(said, items, nasals, human, streams[0]),
        *synthetic_turns(spoken, synthetic, streams[1]),
        *silences(sound[Kind.SILENCE], streams[2]),
        *human_overlaps(said, nasals, human, streams[3]),
        *synthetic_overlaps(spoken, synthetic, streams[4]),
        *noises(sound[Kind.NOISE], [one.pcm for one in said], streams[5]),
    ]
    return [replace(case, opening=opening[case.column]) if case.agent_talks else case for case in built]


def _openings(said: Sequence[Recording], spoken: SyntheticVoices) -> Iterator[tuple[Column, FloatArray]]:
    """What the user says before the agent talks: the first sentence that has no pause of its own."""
    first = next(one.pcm for one in said if one.is_sentence and one.flows and one.seconds >= OPENING)
    yield Column.HUMAN, first
    yield Column.SYNTHETIC, spoken.sentences[0].whole
    yield Column.SOUND, first
