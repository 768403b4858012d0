"""One situation that the agent is put into, with what is known about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from orchestration.media import USER_SAMPLE_RATE, FloatArray


class Half(StrEnum):
    """Which recordings may be used: those to choose numbers on, or those to report on."""

    DEVELOPMENT = "development"  # names with an even MD5
    TEST = "test"  # names with an odd one


class Column(StrEnum):
    """Whose sound the case is made of."""

    HUMAN = "human"
    SYNTHETIC = "synthetic"  # espeak-ng's formants
    NEURAL = "neural"  # Kokoro's
    SOUND = "sound"  # nobody's voice: noise, silence


class Kind(StrEnum):
    """What happens in a case."""

    PAUSE = "pause"  # a sentence with a pause inside
    COMPLETE = "complete"  # a whole sentence, and nothing after it
    LIST = "list"  # numbers or items, one after the other
    HESITANT = "hesitant"  # several pauses, with fillers
    NOISY_TURN = "noisy_turn"  # a whole sentence in noise
    SILENCE = "silence"  # nobody says anything
    MONOLOGUE = "monologue"  # somebody talks for long
    BACKCHANNEL = "backchannel"  # "mm-hmm" while the agent talks
    INTERRUPTION = "interruption"  # the user begins to talk while the agent does
    SIDE_TALK = "side_talk"  # somebody else talks, further away, while the agent does
    NOISE = "noise"  # noise while the agent talks
    ECHO = "echo"  # the agent's own voice comes back through the microphone


@dataclass(frozen=True, slots=True)
class Echo:
    """How the agent's sound comes back: ``gain`` in dB (negative), ``delay`` in seconds."""

    gain: float
    delay: float


@dataclass(frozen=True, slots=True)
class Case:
    """A script for the microphone and what is true of it; sample numbers count from the script's first.

    ``pcm`` (samples,) at 16 kHz is what the microphone picks up, room noise included. Where ``agent_talks``,
    the user has said ``opening`` before, and the script begins with the agent's first sound of the answer;
    ``agent`` says whose voice it has.
    """

    name: str
    kind: Kind
    column: Column
    pcm: FloatArray
    agent_talks: bool = False
    opening: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    agent: Column = Column.SYNTHETIC
    onset: int | None = None  # first sample of what the user says
    end: int | None = None  # first sample after it
    pauses: tuple[tuple[int, int], ...] = ()  # first sample and first one after, between onset and end
    echo: Echo | None = None
    detail: dict[str, float | str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Length of the script."""
        return self.pcm.size / USER_SAMPLE_RATE
