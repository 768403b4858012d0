"""A complete system in one object: the rooms' own options, and ours for the session and its serving."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from agents.embedder import EmbedderConfig
from agents.notes.passages import NotesConfig
from agents.persona import Persona
from avatar.config import AnimatorConfig, HeadConfig
from avatar.head import HEADS
from avatar.registry import ANIMATORS
from orchestration.configuration.emotion import EmotionConfig
from orchestration.configuration.fallbacks import (
    LanguageModelSection,
    RecognizerSection,
    SynthesizerSection,
    expect_chance,
)
from orchestration.configuration.listening import ListeningConfig, ThinkingConfig
from orchestration.configuration.memory import BudgetConfig, MemoryConfig
from orchestration.configuration.serving import GatewayConfig, ServingConfig
from orchestration.configuration.session import SessionConfig
from orchestration.configuration.tools import ToolsConfig
from orchestration.configuration.tracing import TracingConfig
from orchestration.configuration.turn_taking import TurnTakingConfig
from speech.end_of_turn import EndOfTurnConfig
from speech.smart_turn import SmartTurnConfig
from speech.speaker.encoder import SpeakerConfig
from speech.voice_activity import VoiceActivityConfig


class Configuration(BaseModel):
    """One system, as one YAML file describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    persona: Persona = Field(description="Who the agent is: a packaged name, a file, or the persona itself.")
    personas: tuple[Persona, ...] = Field(
        default=(),
        max_length=32,
        description="Who a client may choose to talk with, given like `persona`, which is offered too.",
    )
    voice_activity: VoiceActivityConfig = Field(
        default=VoiceActivityConfig(), description="What tells speech from other sound."
    )
    end_of_turn: EndOfTurnConfig = Field(
        default=EndOfTurnConfig(), description="What decides that the user has finished."
    )
    smart_turn: SmartTurnConfig | None = Field(
        default=None, description="The model that hears whether a turn is over; none: it isn't asked."
    )
    speaker: SpeakerConfig | None = Field(
        default=None, description="The model that tells voices apart; none: `turn_taking.identity` is off."
    )
    turn_taking: TurnTakingConfig = Field(
        default=TurnTakingConfig(), description="How the floor is taken and given."
    )
    listening: ListeningConfig = Field(
        default=ListeningConfig(), description="Nods and soft sounds while the user speaks."
    )
    thinking: ThinkingConfig = Field(
        default=ThinkingConfig(), description="What is seen and heard while a reply takes its time."
    )
    recognizer: RecognizerSection = Field(description="Speech to text.")
    language_model: LanguageModelSection = Field(
        description="The reply's text; `engine` chooses which options hold."
    )
    synthesizer: SynthesizerSection = Field(description="Text to speech.")
    animator: AnimatorConfig = Field(default=AnimatorConfig(), description="Sound to motion.")
    head: HeadConfig | None = Field(
        default=None, description="The head that pages and videos draw; none: they are given only motion."
    )
    embedder: EmbedderConfig | None = Field(
        default=None, description="Sentences to vectors, for `notes`; none: nothing is looked up."
    )
    notes: NotesConfig | None = Field(
        default=None, description="What the agent may look up at every turn; none: nothing."
    )
    memory: MemoryConfig = Field(
        default=MemoryConfig(), description="What is kept in mind of a long conversation."
    )
    emotion: EmotionConfig = Field(
        default=EmotionConfig(), description="Whether the face and the voice go with what is said."
    )
    budget: BudgetConfig = Field(default=BudgetConfig(), description="What one conversation may use.")
    tools: ToolsConfig = Field(
        default=ToolsConfig(), description="What the agent may do; each persona's `tools` says who may what."
    )
    session: SessionConfig = Field(default=SessionConfig(), description="Limits and behaviour of a session.")
    gateway: GatewayConfig = Field(default=GatewayConfig(), description="The WebSocket endpoint.")
    tracing: TracingConfig = Field(
        default=TracingConfig(), description="Turns as OpenTelemetry spans, off by default."
    )
    serving: ServingConfig = Field(default=ServingConfig(), description="Replicas, cores and time limits.")

    @model_validator(mode="after")
    def _every_session_has_a_face(self) -> Self:
        sessions = self.gateway.max_sessions * self.serving.gateway.replicas
        slots = self.serving.avatar.slots * self.serving.avatar.replicas
        if sessions > slots:
            raise PydanticCustomError(
                "too_few_slots",
                "{sessions} sessions are admitted, the avatar has {slots} slots: raise serving.avatar.slots",
                {"sessions": sessions, "slots": slots, "at": ("gateway", "max_sessions")},
            )
        return self

    @model_validator(mode="after")
    def _fallbacks_get_their_chance(self) -> Self:
        for role, limit in (
            ("recognizer", self.serving.recognizer.timeout_s),
            ("language_model", self.session.first_token_timeout_s),
            ("synthesizer", self.serving.synthesizer.timeout_s),
        ):
            expect_chance(role, getattr(self, role).fallbacks, getattr(self.serving, role), limit)
        return self

    @model_validator(mode="after")
    def _personas_differ(self) -> Self:
        taken = {self.persona.key: self.persona}
        for index, persona in enumerate(self.personas):
            if taken.setdefault(persona.key, persona) != persona:
                raise PydanticCustomError(
                    "same_persona",
                    "another persona is called '{name}' as well: give each a name of its own",
                    {"name": persona.name, "at": ("personas", index)},
                )
        return self

    @model_validator(mode="after")
    def _heads_are_known(self) -> Self:
        if self.head is not None:
            _expect_head(self.head.name, ("head", "name"))
        for persona, at in self._places():
            if persona.head:
                _expect_head(persona.head, (*at, "head"))
        return self

    @model_validator(mode="after")
    def _voices_are_known(self) -> Self:
        voices = self.synthesizer.voices
        for persona, at in self._places():
            if voices and persona.voice and persona.voice not in voices:
                raise PydanticCustomError(
                    "unknown_voice",
                    "{persona} speaks with the voice '{name}', which synthesizer.voices doesn't list; "
                    "known: {known}",
                    {
                        "persona": persona.name,
                        "name": persona.voice,
                        "known": ", ".join(voices),
                        "at": (*at, "voice"),
                    },
                )
        return self

    @model_validator(mode="after")
    def _smart_turn_has_its_model(self) -> Self:
        if self.turn_taking.end_of_turn.policy == "smart_turn" and self.smart_turn is None:
            raise PydanticCustomError(
                "no_smart_turn",
                "the policy smart_turn needs its model: add `smart_turn: {model: smart-turn-v3.2}`",
                {"at": ("turn_taking", "end_of_turn", "policy")},
            )
        return self

    @model_validator(mode="after")
    def _languages_have_known_voices(self) -> Self:
        voices = self.synthesizer.voices
        for tag, language in self.session.languages.items():
            if language.voice and language.voice not in voices:
                raise PydanticCustomError(
                    "unknown_voice",
                    "{tag} is spoken by the voice '{name}', which synthesizer.voices doesn't list",
                    {"tag": tag, "name": language.voice, "at": ("session", "languages", tag, "voice")},
                )
        return self

    @model_validator(mode="after")
    def _notes_have_an_embedder(self) -> Self:
        if self.notes is not None and self.embedder is None:
            raise PydanticCustomError(
                "no_embedder",
                "notes are found by an embedder: add `embedder: {model: minilm-l6-v2}`",
                {"at": ("notes",)},
            )
        return self

    @model_validator(mode="after")
    def _animator_is_known(self) -> Self:
        if self.animator.name not in ANIMATORS:
            raise PydanticCustomError(
                "unknown_animator",
                "no animator is called '{name}'; known: {known}",
                {
                    "name": self.animator.name,
                    "known": ", ".join(sorted(ANIMATORS)),
                    "at": ("animator", "name"),
                },
            )
        return self

    def _places(self) -> Iterator[tuple[Persona, tuple[str | int, ...]]]:
        yield self.persona, ("persona",)
        for index, persona in enumerate(self.personas):
            yield persona, ("personas", index)

    def offered(self) -> dict[str, Persona]:
        """The personas that a client may talk with, by key, the default one among them."""
        personas = self.personas if self.persona in self.personas else (self.persona, *self.personas)
        return {persona.key: persona for persona in personas}

    def voice_of(self, persona: Persona) -> str:
        """The name of the voice that ``persona`` speaks with; empty where the synthesiser lists no voices."""
        voices = self.synthesizer.voices
        return (persona.voice or next(iter(voices))) if voices else ""

    def head_of(self, persona: Persona) -> str:
        """The name of the head that ``persona`` has; empty where the system serves no heads."""
        return "" if self.head is None else persona.head or self.head.name


def _expect_head(name: str, at: tuple[str | int, ...]) -> None:
    if name not in HEADS:
        raise PydanticCustomError(
            "unknown_head",
            "no head is called '{name}'; known: {known}",
            {"name": name, "known": ", ".join(HEADS), "at": at},
        )
