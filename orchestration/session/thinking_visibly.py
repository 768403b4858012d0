"""Thinking visibly: a face that looks away while its reply takes time, and a filler if configured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from avatar.thinking import Thinking
from orchestration.engines import Engines
from orchestration.media import FloatArray
from orchestration.session.events import EventType
from orchestration.session.floor import Floor
from orchestration.session.soft_voice import SoftVoice
from orchestration.session.timeline import Timeline

BACK_BEFORE: Final = 0.25  # s before the first sound at which the eyes come back, as far as that is known
USUAL_SYNTHESIS: Final = 0.35  # s from the first words to their sound, until it has been seen
LEARNING: Final = 0.4  # share that the latest reply has in that


class Thought(Protocol):
    """What is asked of the conversation."""

    engines: Engines

    @property
    def floor(self) -> Floor:
        """Who holds the turn."""
        ...

    @property
    def words_since(self) -> float | None:
        """When the coming reply's first words were there, session time in seconds; None until they are."""
        ...


@dataclass(frozen=True, slots=True)
class ThinkingOptions:
    """How long a reply may take before it shows, seconds."""

    looks_away: bool = True
    after: float = 0.6
    filler_after: float = 1.5


class ThinkingVisibly:
    """Follows the floor tick by tick."""

    def __init__(
        self,
        options: ThinkingOptions,
        conversation: Thought,
        timeline: Timeline,
        voice: SoftVoice,
        seed: np.random.SeedSequence,
    ) -> None:
        face, choice = seed.spawn(2)
        self._options = options
        self._conversation = conversation
        self._timeline = timeline
        self._voice = voice
        self._face = Thinking(face)
        self._choice = np.random.default_rng(choice)
        self._since: float | None = None  # session time at which the thinking began
        self._words_at: float | None = None
        self._synthesis = USUAL_SYNTHESIS
        self._filled = False  # a filler was said into this wait

    def follow(self) -> None:
        """Take notice of the floor, once a tick, before sound is sent."""
        floor, now = self._conversation.floor, self._timeline.now()
        if floor is not Floor.THINKING:
            self._leave(floor, now)
            return
        if self._since is None:
            self._since, self._filled = now, False
        self._words_at = self._conversation.words_since
        waited = now - self._since
        if waited >= self._options.filler_after and self._words_at is None and not self._filled:
            self._filled = True
            self._fill()

    def _leave(self, floor: Floor, now: float) -> None:
        if self._since is not None:
            if floor is Floor.AGENT and self._words_at is not None:
                took = min(3.0, max(0.0, now - self._words_at))
                self._synthesis += LEARNING * (took - self._synthesis)
            elif self._filled and self._voice.sounding:
                self._voice.stop()  # the user goes on, or nothing comes
        self._since = self._words_at = None

    def _fill(self) -> None:
        ready = self._conversation.engines.asides.fillers
        if ready:
            aside = ready[int(self._choice.integers(len(ready)))]
            self._voice.say(aside, lips=True)
            self._timeline.emit(EventType.FILLER, text=aside.word)

    @property
    def looking_away(self) -> bool:
        """Whether the eyes are to be off the user now."""
        now = self._timeline.now()
        if not self._options.looks_away or self._since is None or now - self._since < self._options.after:
            return False
        return self._words_at is None or now < self._words_at + self._synthesis - BACK_BEFORE

    def face(self, motion: FloatArray) -> FloatArray:
        """The face (61,) with what thinking adds to it."""
        return self._face.step(motion, self.looking_away)
