"""Listening out loud: nods and soft sounds while the user has the floor, which stays the user's."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from agents.turn_taking.backchannel import (
    Backchannel,
    BackchannelKind,
    BackchannelPolicy,
    BackchannelRates,
    Heard,
)
from avatar.nodding import Nodding
from orchestration.engines import Engines
from orchestration.media import FloatArray
from orchestration.session.events import EventType
from orchestration.session.floor import Floor
from orchestration.session.soft_voice import SoftVoice
from orchestration.session.timeline import Timeline
from speech.pitch import PitchTracker

SPEAKING: Final = 0.5  # speech probability 0..1 from which a frame is the user's speech


class Listened(Protocol):
    """What is asked of the conversation."""

    engines: Engines

    @property
    def floor(self) -> Floor:
        """Who holds the turn."""
        ...

    @property
    def finishing(self) -> float | None:
        """How likely the user's turn ends here, 0..1; NaN while that is being judged, None if nobody does."""
        ...


class ListeningAloud:
    """Hears every frame of the user and answers some places in it."""

    def __init__(
        self,
        rates: BackchannelRates,
        conversation: Listened,
        timeline: Timeline,
        nodding: Nodding,
        voice: SoftVoice,
        seed: np.random.SeedSequence,
    ) -> None:
        policy, choice = (np.random.default_rng(child) for child in seed.spawn(2))
        self._policy = BackchannelPolicy(rates, policy)
        self._choice = choice
        self._conversation = conversation
        self._timeline = timeline
        self._nodding = nodding
        self._voice = voice
        self._pitch = PitchTracker()
        self._floor = Floor.NOBODY
        self._last_word = ""

    def hear(self, pcm: FloatArray, probability: float) -> None:
        """Take one frame of the user (640,) and the probability that it holds speech."""
        before, self._floor = self._floor, self._conversation.floor
        if before is Floor.AGENT and self._floor is Floor.USER:
            self._policy.interrupted()
        listening = self._floor is Floor.USER
        # Pitch is the user's habit only where the agent's echo can't be in it.
        hz = self._pitch.step(pcm).hz if listening and not self._voice.sounding else float("nan")
        answer = self._policy.step(
            Heard(
                speaking=probability >= SPEAKING,
                hz=hz,
                low_hz=self._pitch.low,
                finishing=self._conversation.finishing,
                listening=listening,
            )
        )
        if answer is not None:
            self._give(answer)

    def _give(self, answer: Backchannel) -> None:
        nodded = self._nodding.start()
        word = self._say() if answer.kind is BackchannelKind.SOUND else ""
        if nodded or word:
            self._timeline.emit(EventType.BACKCHANNEL, nod=nodded, sound=word, cue=answer.cue.value)

    def _say(self) -> str:
        """Say one of the words that are ready, not the same one twice; which, empty for none."""
        ready = self._conversation.engines.asides.soft
        others = [aside for aside in ready if aside.word != self._last_word] or ready
        if not others:
            return ""
        aside = others[int(self._choice.integers(len(others)))]
        self._last_word = aside.word
        self._voice.say(aside, lips=False)
        return aside.word
