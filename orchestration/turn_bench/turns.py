"""Cases of a user who has the floor: pauses, whole sentences, lists, hesitation, noise, a long talk."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from orchestration.media import FloatArray
from orchestration.turn_bench.case import Case, Column, Kind
from orchestration.turn_bench.hums import hum
from orchestration.turn_bench.recordings import Recording
from orchestration.turn_bench.sound import dips, in_room, joined, noise, samples
from orchestration.turn_bench.voices import SyntheticVoices

BEFORE: Final = 0.8  # seconds of room before the user speaks
AFTER: Final = 5.0  # seconds in which the agent may answer
PAUSES: Final = (0.3, 2.0)  # seconds, shortest and longest
HESITATIONS: Final = (0.4, 1.4)  # seconds
SHORTEST_PAUSE: Final = 0.2  # seconds; what is shorter between two items is no pause
ITEM_GAPS: Final = (0.15, 0.7)  # seconds between the items of a list
SNRS: Final = (0.0, 5.0, 10.0, 15.0, 20.0)  # dB
NOISES: Final = ("pink", "white", "hum", "babble")
MONOLOGUE: Final = 18.0  # seconds
BREATHS: Final = (0.25, 0.45)  # seconds between the sentences of a long talk


def turn(
    name: str,
    kind: Kind,
    column: Column,
    pieces: Sequence[FloatArray],
    lengths: Sequence[float],
    rng: np.random.Generator,
    **detail: float | str,
) -> Case:
    """A turn of ``pieces`` with pauses of ``lengths`` seconds between them, in a quiet room."""
    speech, places = joined(pieces, lengths)
    pcm, begin = in_room(speech, BEFORE, AFTER, rng)
    pauses = tuple((begin + first, begin + last) for first, last in places)
    return Case(
        name=name,
        kind=kind,
        column=column,
        pcm=pcm,
        onset=begin,
        end=begin + speech.size,
        pauses=tuple(one for one in pauses if one[1] - one[0] >= samples(SHORTEST_PAUSE)),
        detail=dict(detail),
    )


def strata(low: float, high: float, count: int, rng: np.random.Generator) -> list[float]:
    """``count`` lengths spread evenly from ``low`` to ``high``, one drawn in each part, in random order."""
    edges = np.linspace(low, high, count + 1)
    drawn = [round(float(rng.uniform(edges[i], edges[i + 1])), 3) for i in range(count)]
    return [drawn[i] for i in rng.permutation(count)]


def cut(recording: Recording, places: Sequence[int]) -> list[FloatArray]:
    """The recording in the pieces between ``places``."""
    edges = [0, *sorted(places), recording.pcm.size]
    return [recording.pcm[a:b] for a, b in itertools.pairwise(edges)]


def human_turns(
    sentences: Sequence[Recording],
    items: Sequence[Recording],
    nasals: Sequence[Recording],
    counts: dict[Kind, int],
    rng: np.random.Generator,
) -> Iterator[Case]:
    """Turns made of a person's recordings, up to ``counts`` of each kind."""
    column = Column.HUMAN
    breakable = [(one, dips(one.pcm)) for one in sentences if one.seconds >= 1.6]
    breakable = [(one, found) for one, found in breakable if found]
    lengths = strata(*PAUSES, counts[Kind.PAUSE], rng)
    for index, length in enumerate(lengths):
        one, found = breakable[index % len(breakable)]
        at = found[(index // len(breakable)) % len(found)]
        name = f"{one.name}-{index}"
        yield turn(name, Kind.PAUSE, column, cut(one, [at]), [length], rng, pause=length)

    whole = [one for one in sentences if one.is_sentence and one.flows]
    for one in (whole[i] for i in rng.permutation(len(whole))[: counts[Kind.COMPLETE]]):
        yield turn(one.name, Kind.COMPLETE, column, [one.pcm], [], rng)

    for index in range(counts[Kind.LIST] if items else 0):
        chosen = [items[i] for i in rng.integers(len(items), size=int(rng.integers(4, 9)))]
        between = [round(float(rng.uniform(*ITEM_GAPS)), 3) for _ in chosen[1:]]
        name = f"{'-'.join(one.name for one in chosen)}-{index}"
        yield turn(name, Kind.LIST, column, [one.pcm for one in chosen], between, rng)

    broken = [(one, found) for one, found in breakable if len(found) >= 2 and one.is_sentence]
    for index in range(counts[Kind.HESITANT] if broken else 0):
        one, found = broken[index % len(broken)]
        first, *rest = cut(one, found[:2])
        pieces, waits = [first], []
        for piece in rest:
            if nasals:
                word = nasals[int(rng.integers(len(nasals)))]
                pieces.append(hum(word.pcm, round(float(rng.uniform(0.25, 0.45)), 3), twice=False))
                waits.append(round(float(rng.uniform(0.1, 0.5)), 3))
            pieces.append(piece)
            waits.append(round(float(rng.uniform(*HESITATIONS)), 3))
        yield turn(f"{one.name}-{index}", Kind.HESITANT, column, pieces, waits, rng)

    yield from _noisy(column, [(one.name, one.pcm) for one in whole], counts[Kind.NOISY_TURN], rng)
    yield from _monologues(column, [one.pcm for one in sentences], counts[Kind.MONOLOGUE], rng)


def synthetic_turns(
    voices: SyntheticVoices, counts: dict[Kind, int], rng: np.random.Generator
) -> Iterator[Case]:
    """Turns in synthetic voices, up to ``counts`` of each kind."""
    column = voices.column
    said = voices.sentences
    for index, length in enumerate(strata(*PAUSES, counts[Kind.PAUSE], rng)):
        one = said[index % len(said)]
        waits = [length] * (len(one.parts) - 1)
        yield turn(f"{one.name}-{index}", Kind.PAUSE, column, one.parts, waits, rng, pause=length)
    for one in (said[i] for i in rng.permutation(len(said))[: counts[Kind.COMPLETE]]):
        yield turn(one.name, Kind.COMPLETE, column, [one.whole], [], rng)
    for index in range(counts[Kind.LIST] if voices.lists else 0):
        items = voices.lists[index % len(voices.lists)]
        between = [round(float(rng.uniform(*ITEM_GAPS)), 3) for _ in items[1:]]
        yield turn(f"list-{index}", Kind.LIST, column, items, between, rng)
    for index in range(counts[Kind.HESITANT]):
        one = said[index % len(said)]
        pieces, waits = [one.parts[0]], []
        for piece in one.parts[1:]:
            pieces += [one.filler, piece]
            waits += [round(float(rng.uniform(0.2, 0.8)), 3), round(float(rng.uniform(*HESITATIONS)), 3)]
        yield turn(f"{one.name}-{index}", Kind.HESITANT, column, pieces, waits, rng)
    whole = [(one.name, one.whole) for one in said]
    yield from _noisy(column, whole, counts[Kind.NOISY_TURN], rng)
    yield from _monologues(column, [pcm for _, pcm in whole], counts[Kind.MONOLOGUE], rng)


def silences(count: int, rng: np.random.Generator) -> Iterator[Case]:
    """Eight seconds in which nobody says anything, in rooms from quiet to loud."""
    for index in range(count):
        level = round(float(rng.uniform(-70, -45)), 1)
        pcm, _ = in_room(np.zeros(0, np.float32), 4, 4, rng, 10 ** (level / 20))
        yield Case(f"room-{index}", Kind.SILENCE, Column.SOUND, pcm, detail={"level": level})


def _noisy(
    column: Column, whole: Sequence[tuple[str, FloatArray]], count: int, rng: np.random.Generator
) -> Iterator[Case]:
    voices = [pcm for _, pcm in whole]
    for index in range(count):
        name, pcm = whole[(7 * index) % len(whole)]
        snr, kind = SNRS[index % len(SNRS)], NOISES[index % len(NOISES)]
        case = turn(f"{name}-{index}", Kind.NOISY_TURN, column, [pcm], [], rng, snr=snr, noise=kind)
        loud = np.sqrt(np.mean(pcm.astype(np.float64) ** 2)) * 10 ** (-snr / 20)
        case.pcm[:] = np.clip(case.pcm + np.float32(loud) * noise(kind, case.pcm.size, rng, voices), -1, 1)
        yield case


def _monologues(
    column: Column, whole: Sequence[FloatArray], count: int, rng: np.random.Generator
) -> Iterator[Case]:
    for index in range(count):
        pieces: list[FloatArray] = []
        while sum(piece.size for piece in pieces) < samples(MONOLOGUE):
            pieces.append(whole[int(rng.integers(len(whole)))])
        breaths = [round(float(rng.uniform(*BREATHS)), 3) for _ in pieces[1:]]
        yield turn(f"talk-{index}", Kind.MONOLOGUE, column, pieces, breaths, rng)
