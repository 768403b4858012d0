"""What a session needs from the model rooms, reached in-process, through Ray, or scripted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from agents.language_model import LanguageModel
from agents.notes.passages import Notes
from orchestration.aside import VoiceAsides
from orchestration.chosen_voice import ChosenVoice, MannerOf, plainly
from orchestration.fallback.switch import Reports, Tell
from orchestration.media import FloatArray
from speech.recognizer import Recognizer
from speech.synthesizer import SpeechChunk, Synthesizer

if TYPE_CHECKING:
    from orchestration.session.turn_judge import OpenTurnJudge
    from orchestration.session.voice_identity import HearsVoices


class VoiceActivity(Protocol):
    """Speech probability, frame by frame, of one user."""

    async def step(self, pcm: FloatArray) -> float:
        """Probability 0..1 that this frame (640,) at 16 kHz holds speech."""
        ...


class FaceChannel(Protocol):
    """The way to one session's face."""

    async def step(
        self,
        agent_pcm: FloatArray,
        user_pcm: FloatArray,
        user_motion: FloatArray | None,
        agent_ahead: FloatArray,
    ) -> FloatArray | None:
        """Motion (61,) of this frame from two sounds (640,) at 16 kHz; None if it can't come in time.

        ``agent_ahead`` (AHEAD_FRAMES, 640) is what the agent says next, NaN where that isn't known yet.
        """
        ...

    async def close(self) -> None:
        """Give the face's slot back."""
        ...


class Faces(Protocol):
    """Opens faces, one a session."""

    async def open(self, seed: int) -> FaceChannel:
        """A channel to a fresh face; raises ``FacesFull`` when every slot is taken."""
        ...


class FacesFull(RuntimeError):
    """Every face slot is taken."""


class EngineError(RuntimeError):
    """An engine failed or was too slow; the message names which one and the cause."""


@dataclass(frozen=True, slots=True)
class Engines:
    """Everything one session talks to."""

    recognizer: Recognizer
    language_model: LanguageModel
    synthesizer: Synthesizer
    faces: Faces
    open_voice_activity: Callable[[], VoiceActivity]
    notes: Notes | None = None  # what replies may look up
    apology: Sequence[SpeechChunk] = field(default=())  # spoken beforehand, so that it needs no engine
    open_turn_judge: OpenTurnJudge | None = None  # what decides, pause by pause, whether the turn is over
    voices: HearsVoices | None = None  # what tells the user's voice from others'
    asides: VoiceAsides = field(default_factory=VoiceAsides)  # said without taking the turn

    def speaking_as(
        self,
        voice: str,
        apology: Sequence[SpeechChunk],
        asides: VoiceAsides | None = None,
        manner_of: MannerOf = plainly,
    ) -> Engines:
        """The same engines with one voice chosen (empty: the only one), its apology, its asides, and what
        finds its manner of speaking.
        """
        synthesizer = ChosenVoice(self.synthesizer, voice, manner_of)
        return dataclasses.replace(
            self, synthesizer=synthesizer, apology=apology, asides=asides or VoiceAsides()
        )

    def reporting_to(self, tell: Tell) -> Engines:
        """The same engines; those with stand-ins tell this caller when one stands in."""
        roles = ("recognizer", "language_model", "synthesizer")
        found = {role: getattr(self, role) for role in roles}
        told = {
            role: engine.reporting_to(tell) for role, engine in found.items() if isinstance(engine, Reports)
        }
        return dataclasses.replace(self, **told) if told else self
