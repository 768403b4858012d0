"""A script and the motion that one animator answered it with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.evaluation.quality.script import Placed, Script, frames_within
from avatar.training.dyads.utterance import Phone


@dataclass(frozen=True, eq=False)
class Performance:
    """``motion`` is float32 (script.frames, 61), the agent's; ``voice`` names whose speech it is.

    Raises ``ValueError`` if motion and script differ in length.
    """

    voice: str
    script: Script
    motion: FloatArray = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.motion) != self.script.frames:
            raise ValueError(f"{len(self.motion)} frames of motion for {self.script.frames} frames of sound")


@dataclass(frozen=True, slots=True)
class Instance:
    """One phone the agent said: where, and in which utterance (counted through all performances)."""

    performance: Performance
    placed: Placed
    phone: Phone
    cluster: int

    def frames(self, margin: float = 0.0) -> slice:
        """Frames of the phone, widened by ``margin`` seconds at both ends, within the script."""
        first, last = frames_within(self.phone.start, self.phone.end, margin)
        top = self.performance.script.frames - 1
        return slice(min(first, top), min(last, top) + 1)


def instances(performances: Sequence[Performance], names: frozenset[str]) -> Iterator[Instance]:
    """Every phone of one of the ``names`` that the agent says."""
    cluster = 0
    for performance in performances:
        for placed in performance.script.agent:
            for phone in placed.phones:
                if phone.name in names:
                    yield Instance(performance, placed, phone, cluster)
            cluster += 1


def clusters(performances: Sequence[Performance]) -> int:
    """Number of utterances in all performances."""
    return sum(len(performance.script.agent) for performance in performances)


def cluster_of(found: Sequence[Instance]) -> NDArray[np.intp]:
    """The utterance of each instance, (n,)."""
    return np.array([item.cluster for item in found], dtype=np.intp)
