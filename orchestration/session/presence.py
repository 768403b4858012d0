"""What the agent shows and sounds like beside its replies: as a listener, and as somebody who thinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from agents.turn_taking.backchannel import BackchannelRates
from avatar.nodding import Nodding
from orchestration.media import FloatArray
from orchestration.session.listening_aloud import Listened, ListeningAloud
from orchestration.session.playout import PlayoutFrame
from orchestration.session.soft_voice import SoftVoice
from orchestration.session.thinking_visibly import ThinkingOptions, ThinkingVisibly, Thought
from orchestration.session.timeline import Timeline


@dataclass(frozen=True, slots=True)
class PresenceOptions:
    """Each is left out where it is None."""

    listening: BackchannelRates | None = None
    thinking: ThinkingOptions | None = None


class Attended(Listened, Thought, Protocol):
    """What is asked of the conversation."""


class Presence:
    """Stands between the conversation and the metronome; without options everything passes unchanged."""

    def __init__(
        self, options: PresenceOptions, conversation: Attended, timeline: Timeline, seed: int
    ) -> None:
        nods, listening, thinking = np.random.SeedSequence([0x9E5, seed]).spawn(3)
        self._voice = SoftVoice()
        self._nodding = Nodding(nods)
        self._listening = (
            ListeningAloud(options.listening, conversation, timeline, self._nodding, self._voice, listening)
            if options.listening
            else None
        )
        self._thinking = (
            ThinkingVisibly(options.thinking, conversation, timeline, self._voice, thinking)
            if options.thinking
            else None
        )

    def hear(self, pcm: FloatArray, probability: float) -> None:
        """One frame of the user (640,) and the probability that it holds speech."""
        if self._listening:
            self._listening.hear(pcm, probability)

    def sound(self, agent: PlayoutFrame) -> PlayoutFrame:
        """This tick's sound: the reply's, or what is said beside it."""
        if self._thinking:
            self._thinking.follow()
        return self._voice.mix(agent)

    def face(self, motion: FloatArray) -> FloatArray:
        """This tick's face (61,)."""
        motion = self._nodding.step(motion)
        return self._thinking.face(motion) if self._thinking else motion
