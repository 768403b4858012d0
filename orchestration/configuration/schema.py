"""A complete system in one object: the rooms' own options, and ours for the session and its serving."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from agents.configuration import LanguageModelConfig
from agents.persona import Persona
from avatar.config import AnimatorConfig, HeadConfig
from avatar.head import HEADS
from avatar.registry import ANIMATORS
from orchestration.configuration.serving import GatewayConfig, ServingConfig
from orchestration.configuration.session import SessionConfig
from speech.coqui.config import CoquiConfig
from speech.end_of_turn import EndOfTurnConfig
from speech.voice_activity import VoiceActivityConfig
from speech.whisper.config import WhisperConfig


class Configuration(BaseModel):
    """One system, as one YAML file describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    persona: Persona = Field(description="Who the agent is: a packaged name, a file, or the persona itself.")
    voice_activity: VoiceActivityConfig = Field(
        default=VoiceActivityConfig(), description="What tells speech from other sound."
    )
    end_of_turn: EndOfTurnConfig = Field(
        default=EndOfTurnConfig(), description="What decides that the user has finished."
    )
    recognizer: WhisperConfig = Field(description="Speech to text.")
    language_model: LanguageModelConfig = Field(
        description="The reply's text; `engine` chooses which options hold."
    )
    synthesizer: CoquiConfig = Field(description="Text to speech.")
    animator: AnimatorConfig = Field(default=AnimatorConfig(), description="Sound to motion.")
    head: HeadConfig | None = Field(
        default=None, description="The head that pages and videos draw; none: they are given only motion."
    )
    session: SessionConfig = Field(default=SessionConfig(), description="Limits and behaviour of a session.")
    gateway: GatewayConfig = Field(default=GatewayConfig(), description="The WebSocket endpoint.")
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
    def _head_is_known(self) -> Self:
        if self.head is not None and self.head.name not in HEADS:
            raise PydanticCustomError(
                "unknown_head",
                "no head is called '{name}'; known: {known}",
                {"name": self.head.name, "known": ", ".join(HEADS), "at": ("head", "name")},
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
