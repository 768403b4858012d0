"""What a face is measured on: two sides' sound, and who says what from which frame on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_RATE, FRAME_SAMPLES, SAMPLE_RATE, FloatArray
from avatar.evaluation.quality.errors import QualityError
from avatar.training.dyads.utterance import Phone, Utterance

REST = (0.8, 1.4)  # s of silence after a recited utterance; the mouth has to stay shut in it
GAP = (0.2, 0.9)  # s of silence between the turns of a conversation
SHORTEST_TURN = 1.5  # s
SILENCE = "SIL"


@dataclass(frozen=True, slots=True)
class Placed:
    """An utterance that begins with frame ``first`` and fills ``frames`` frames."""

    utterance: Utterance
    first: int
    frames: int

    @property
    def last(self) -> int:
        """The frame after the utterance's last one."""
        return self.first + self.frames

    @property
    def phones(self) -> tuple[Phone, ...]:
        """Phones in seconds from the script's start."""
        start = self.first / FRAME_RATE
        return tuple(Phone(p.name, start + p.start, start + p.end) for p in self.utterance.phones)

    @property
    def spoken(self) -> tuple[float, float]:
        """Where speech begins and ends, seconds from the script's start."""
        heard = [phone for phone in self.phones if phone.name != SILENCE]
        if heard:
            return heard[0].start, heard[-1].end
        return self.first / FRAME_RATE, self.last / FRAME_RATE


@dataclass(frozen=True, eq=False)
class Script:
    """Both sides' sound, float32 (640 * frames,), and their utterances in order of time."""

    agent_pcm: FloatArray = field(repr=False)
    user_pcm: FloatArray = field(repr=False)
    agent: tuple[Placed, ...]
    user: tuple[Placed, ...] = ()

    @property
    def frames(self) -> int:
        """Length in frames of 40 ms."""
        return len(self.agent_pcm) // FRAME_SAMPLES

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / FRAME_RATE


def recite(utterances: Sequence[Utterance], seed: int = 0) -> Script:
    """The agent says every utterance once, in a seeded order, with silence between; the user is silent."""
    rng = np.random.default_rng(seed)
    pieces: list[FloatArray] = [_rest(rng, REST)]
    placed: list[Placed] = []
    at = len(pieces[0]) // FRAME_SAMPLES
    for index in rng.permutation(len(utterances)):
        sound, rest = whole_frames(utterances[index].pcm), _rest(rng, REST)
        placed.append(Placed(utterances[index], at, len(sound) // FRAME_SAMPLES))
        pieces += [sound, rest]
        at += (len(sound) + len(rest)) // FRAME_SAMPLES
    pcm = np.concatenate(pieces)
    return Script(pcm, np.zeros_like(pcm), tuple(placed))


def converse(utterances: Sequence[Utterance], minutes: float, seed: int = 7) -> Script:
    """Agent and user take turns, an utterance each, until ``minutes`` are full.

    Utterances of at least 1.5 s are drawn without replacement while they last. Raises ``QualityError`` if
    there is none.
    """
    long = [item for item in utterances if len(item.pcm) >= SHORTEST_TURN * SAMPLE_RATE]
    if not long:
        raise QualityError(
            f"none of {len(utterances)} utterances is {SHORTEST_TURN} s long; a conversation needs some"
        )
    rng = np.random.default_rng(seed)
    sides: tuple[list[FloatArray], list[FloatArray]] = ([], [])
    turns: tuple[list[Placed], list[Placed]] = ([], [])
    at, turn, due = 0, 0, round(minutes * 60 * FRAME_RATE)
    while at < due:
        for index in rng.permutation(len(long)):
            sound, gap = whole_frames(long[index].pcm), _rest(rng, GAP)
            side = turn % 2
            turns[side].append(Placed(long[index], at, len(sound) // FRAME_SAMPLES))
            sides[side].extend([sound, gap])
            sides[1 - side].append(np.zeros(len(sound) + len(gap), dtype=np.float32))
            at += (len(sound) + len(gap)) // FRAME_SAMPLES
            turn += 1
            if at >= due:
                break
    return Script(np.concatenate(sides[0]), np.concatenate(sides[1]), tuple(turns[0]), tuple(turns[1]))


def whole_frames(pcm: FloatArray) -> FloatArray:
    """Sound followed by silence up to the end of its last frame."""
    return np.pad(pcm.astype(np.float32), (0, -len(pcm) % FRAME_SAMPLES))


def frames_within(start: float, end: float, margin: float = 0.0) -> tuple[int, int]:
    """First and last frame whose middle lies between ``start`` - margin and ``end`` + margin, seconds; the
    frame nearest to the middle where there is none.
    """
    first = ceil((start - margin) * FRAME_RATE - 0.5 - 1e-9)
    last = floor((end + margin) * FRAME_RATE - 0.5 + 1e-9)
    if first > last:
        first = last = floor((start + end) / 2 * FRAME_RATE)
    return max(first, 0), max(last, 0)


def turn_mask(placed: Sequence[Placed], frames: int) -> NDArray[np.bool_]:
    """Frames (frames,) in which one of ``placed`` is being said, from its first phone to its last."""
    mask = np.zeros(frames, dtype=np.bool_)
    for item in placed:
        first, last = frames_within(*item.spoken)
        mask[first : last + 1] = True
    return mask


def _rest(rng: np.random.Generator, bounds: tuple[float, float]) -> FloatArray:
    return np.zeros(round(float(rng.uniform(*bounds)) * FRAME_RATE) * FRAME_SAMPLES, dtype=np.float32)
