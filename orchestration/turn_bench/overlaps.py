"""Cases of an agent who has the floor: backchannels, interruptions, others' talk, noise, its own echo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from orchestration.media import FloatArray
from orchestration.turn_bench.case import Case, Column, Echo, Kind
from orchestration.turn_bench.hums import hum
from orchestration.turn_bench.recordings import Recording
from orchestration.turn_bench.sound import LEVEL, faded, far, in_room, levelled, noise, samples
from orchestration.turn_bench.turns import NOISES, SNRS
from orchestration.turn_bench.voices import SyntheticVoices

WATCHED: Final = 3.0  # seconds after the user's sound in which the agent is watched
LONGEST_INTERRUPTION: Final = 4.0  # seconds of the user's sentence
PLACES: Final = {
    "early": (0.3, 0.9),
    "middle": (3.0, 6.0),
    "late": (10.0, 13.0),
}  # seconds of the agent's talk
ECHO_GAINS: Final = (-20.0, -6.0)  # dB
ECHO_DELAYS: Final = (0.04, 0.4)  # seconds
ECHO_LENGTH: Final = 8.0  # seconds of the agent's talk


def overlap(
    name: str,
    kind: Kind,
    column: Column,
    pcm: FloatArray,
    at: float,
    rng: np.random.Generator,
    agent: Column,
    **detail: float | str,
) -> Case:
    """``pcm`` heard ``at`` seconds into the agent's talk."""
    heard, begin = in_room(faded(pcm), at, WATCHED, rng)
    return Case(
        name=name,
        kind=kind,
        column=column,
        pcm=heard,
        agent_talks=True,
        agent=agent,
        onset=begin,
        end=begin + pcm.size,
        detail={"at": round(at, 3), **detail},
    )


def human_overlaps(
    sentences: Sequence[Recording],
    nasals: Sequence[Recording],
    counts: dict[Kind, int],
    rng: np.random.Generator,
    strangers: Sequence[Recording] = (),
) -> Iterator[Case]:
    """Overlaps made of a person's recordings; the agent has the synthetic voice.

    Side talk is that of ``strangers``, the person's own where there are none.
    """
    column, agent = Column.HUMAN, Column.SYNTHETIC
    for index in range(counts[Kind.BACKCHANNEL] if nasals else 0):
        word = nasals[index % len(nasals)]
        twice = index % 2 == 1
        length = round(float(rng.uniform(0.2, 0.45)), 3)
        sound = hum(word.pcm, length / 2 if twice else length, twice=twice)
        name = f"{'mm-hmm' if twice else 'mm'}-{word.name}-{index}"
        yield overlap(
            name, Kind.BACKCHANNEL, column, sound, float(rng.uniform(1, 8)), rng, agent, seconds=length
        )
    whole = [one for one in sentences if one.is_sentence]
    yield from _interruptions(column, [(one.name, one.pcm) for one in whole], counts, rng)
    beside = strangers or sentences
    yield from _side_talk(column, [(one.name, one.pcm) for one in beside], counts, rng)
    yield from _echoes(Column.HUMAN, counts[Kind.ECHO], rng)


def synthetic_overlaps(
    voices: SyntheticVoices, counts: dict[Kind, int], rng: np.random.Generator
) -> Iterator[Case]:
    """Overlaps in synthetic voices."""
    column = voices.column
    order = rng.permutation(len(voices.backchannels))
    for index in range(counts[Kind.BACKCHANNEL]):
        name, pcm = voices.backchannels[order[index % order.size]]
        softly = levelled(pcm, LEVEL - 4)
        at = float(rng.uniform(1, 8))
        yield overlap(f"{name}-{index}", Kind.BACKCHANNEL, column, softly, at, rng, Column.SYNTHETIC)
    yield from _interruptions(column, voices.interruptions, counts, rng)
    yield from _side_talk(column, voices.side_talk, counts, rng)
    yield from _echoes(Column.SYNTHETIC, counts[Kind.ECHO], rng)


def noises(count: int, voices: Sequence[FloatArray], rng: np.random.Generator) -> Iterator[Case]:
    """Noise that begins while the agent talks, at levels 0 to 20 dB below a user's voice."""
    for index in range(count):
        kind, snr = NOISES[index % len(NOISES)], SNRS[(index // len(NOISES)) % len(SNRS)]
        sound = noise(kind, samples(2.5), rng, voices) * np.float32(10 ** ((LEVEL - snr) / 20))
        at = float(rng.uniform(1, 6))
        yield overlap(
            f"{kind}-{index}",
            Kind.NOISE,
            Column.SOUND,
            sound,
            at,
            rng,
            Column.SYNTHETIC,
            snr=snr,
            noise=kind,
        )


def _interruptions(
    column: Column,
    said: Sequence[tuple[str, FloatArray]],
    counts: dict[Kind, int],
    rng: np.random.Generator,
) -> Iterator[Case]:
    for index in range(counts[Kind.INTERRUPTION]):
        name, pcm = said[(5 * index) % len(said)]
        place = tuple(PLACES)[index % len(PLACES)]
        at = float(rng.uniform(*PLACES[place]))
        sound = pcm[: samples(LONGEST_INTERRUPTION)]
        yield overlap(
            f"{name}-{index}", Kind.INTERRUPTION, column, sound, at, rng, Column.SYNTHETIC, place=place
        )


def _side_talk(
    column: Column,
    said: Sequence[tuple[str, FloatArray]],
    counts: dict[Kind, int],
    rng: np.random.Generator,
) -> Iterator[Case]:
    for index in range(counts[Kind.SIDE_TALK]):
        name, pcm = said[(3 * index) % len(said)]
        snr = SNRS[index % len(SNRS)]
        sound = levelled(far(pcm[: samples(LONGEST_INTERRUPTION)]), LEVEL - snr)
        at = float(rng.uniform(1, 6))
        yield overlap(f"{name}-{index}", Kind.SIDE_TALK, column, sound, at, rng, Column.SYNTHETIC, snr=snr)


def _echoes(agent: Column, count: int, rng: np.random.Generator) -> Iterator[Case]:
    for index in range(count):
        echo = Echo(
            round(float(rng.uniform(*ECHO_GAINS)), 1),
            round(float(np.exp(rng.uniform(*np.log(ECHO_DELAYS)))), 3),
        )
        pcm, _ = in_room(np.zeros(0, np.float32), ECHO_LENGTH / 2, ECHO_LENGTH / 2, rng)
        yield Case(
            name=f"echo-{agent.value}-{index}",
            kind=Kind.ECHO,
            column=agent,
            pcm=pcm,
            agent_talks=True,
            agent=agent,
            echo=echo,
            detail={"gain": echo.gain, "delay": echo.delay},
        )
