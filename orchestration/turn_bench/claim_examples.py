"""From sounds to what the network sees: in rooms, over lines and echoes, from any place in a frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.signal import butter, sosfilt

from orchestration.media import USER_SAMPLE_RATE, FloatArray
from orchestration.turn_bench.claim_sounds import ClaimSound
from orchestration.turn_bench.sound import far, levelled, noise, samples
from speech.audio import resample
from speech.claim import EARLIER, FEATURES, HOP, STEPS, bands, contour

LEAD: Final = 0.3  # seconds of room before the sound, and after it
SPEEDS: Final = (0.88, 1.14)  # of the sound, pitch included
SNRS: Final = (12.0, 60.0)  # dB
FIRST: Final = 0.1  # seconds of the sound that are heard at least
LAST: Final = 0.95  # seconds of it that are heard at most
AFTER: Final = 0.1  # seconds after its end in which the voice activity model may not have noticed
ENDPOINTS: Final = 5  # of each sound in each room
ECHOES: Final = (-36.0, -14.0)  # dB of the agent's own sound, for one in five
LISTENERS: Final = 0.6  # of the weight: to be silent for one too often is worse than to be late
COUNTED: Final = 0.05  # seconds by which the seconds of sure speech may be wrong


@dataclass(frozen=True, slots=True)
class Examples:
    """What is learnt from; ``seen`` is filled with -1 beyond each example's ``steps``."""

    seen: FloatArray  # (examples, 40, 21)
    steps: np.ndarray[tuple[int], np.dtype[np.int64]]
    claims: FloatArray  # 0 or 1
    weights: FloatArray  # each answer has the same share in every source
    sources: list[str]
    elapsed: FloatArray  # seconds since the onset


def in_a_room(pcm: FloatArray, echo: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The sound as some microphone hears it, ``LEAD`` seconds of room around it."""
    speed = float(rng.uniform(*SPEEDS))
    pcm = levelled(resample(pcm, round(USER_SAMPLE_RATE * speed), USER_SAMPLE_RATE))
    if rng.uniform() < 0.25:
        pcm = far(pcm)
    lead = np.zeros(samples(LEAD), np.float32)
    heard = np.concatenate((lead, pcm, lead))
    room = noise("pink" if rng.uniform() < 0.5 else "white", heard.size, rng)
    heard = heard + room * np.float32(10 ** (-(25 + rng.uniform(*SNRS)) / 20))
    if rng.uniform() < 0.2:
        begin = int(rng.integers(max(1, echo.size - heard.size)))
        back = np.resize(echo[begin:], heard.size)
        heard = heard + back * np.float32(10 ** (rng.uniform(*ECHOES) / 20))
    if rng.uniform() < 0.4:
        edges = (float(rng.uniform(60, 300)), float(rng.uniform(3200, 4000)))
        heard = sosfilt(butter(2, edges, "bandpass", fs=USER_SAMPLE_RATE, output="sos"), heard)
    return np.asarray(heard, np.float32)


def moments(pcm: FloatArray, rng: np.random.Generator) -> Iterator[tuple[FloatArray, float]]:
    """What is seen of a sound in a room at some moments, and how many seconds it has lasted then."""
    offset = int(rng.integers(HOP))
    shape = bands(pcm[offset:])
    length = pcm.size / USER_SAMPLE_RATE - 2 * LEAD
    for _ in range(ENDPOINTS):
        elapsed = float(rng.uniform(FIRST, max(FIRST + 0.02, min(LAST, length + AFTER))))
        end = round((LEAD + elapsed - offset / USER_SAMPLE_RATE) * USER_SAMPLE_RATE / HOP) - 1
        spoken = elapsed + float(rng.uniform(-COUNTED, COUNTED))
        begin = max(0, end - round((spoken + EARLIER) * USER_SAMPLE_RATE / HOP))
        yield contour(shape[begin : max(end, begin + 1)]), elapsed


def examples(sounds: Sequence[ClaimSound], rooms: int, rng: np.random.Generator) -> Examples:
    """Every sound in ``rooms`` rooms."""
    echo = np.concatenate(
        [one.pcm for one in sounds if one.source == "vits" and one.claims] or [sounds[0].pcm]
    )
    seen, steps, claims, weights, sources, lasted = [], [], [], [], [], []
    for one in sounds:
        for _ in range(rooms):
            for found, elapsed in moments(in_a_room(one.pcm, echo, rng), rng):
                padded = np.full((STEPS, FEATURES), -1, np.float16)
                padded[: len(found)] = found
                seen.append(padded)
                steps.append(len(found))
                claims.append(float(one.claims))
                weights.append(one.weight)
                sources.append(one.source)
                lasted.append(elapsed)
    result = Examples(
        np.stack(seen).astype(np.float32),
        np.array(steps),
        np.array(claims, np.float32),
        np.array(weights, np.float32),
        sources,
        np.array(lasted, np.float32),
    )
    _balance(result)
    return result


def _balance(result: Examples) -> None:
    """Give every source the same weights, so that nothing is learnt of how it sounds."""
    names = np.array(result.sources)
    for source in set(result.sources):
        for claims, part in ((0.0, LISTENERS), (1.0, 1 - LISTENERS)):
            mine = (names == source) & (result.claims == claims)
            if mine.any():
                share = part * len(names) / len(set(result.sources))
                result.weights[mine] *= share / result.weights[mine].sum()
