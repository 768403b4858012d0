"""Engines with others to stand in for them, best first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field
from pydantic_core import PydanticCustomError

from agents.configuration import LanguageModelConfig, LlamaConfig, OpenAICompatibleConfig
from orchestration.configuration.serving import EngineServing
from speech.coqui.config import CoquiConfig
from speech.whisper.config import WhisperConfig

MOST: Final = 4  # stand-ins for one engine

_DESCRIPTION = "Engines that stand in when this one fails or is slow, best first, given like this one."


class RecognizerSection(WhisperConfig):
    """Speech to text, and what stands in for it."""

    fallbacks: tuple[WhisperConfig, ...] = Field(default=(), max_length=MOST, description=_DESCRIPTION)


class SynthesizerSection(CoquiConfig):
    """Text to speech, and what stands in for it."""

    fallbacks: tuple[CoquiConfig, ...] = Field(default=(), max_length=MOST, description=_DESCRIPTION)


class LlamaSection(LlamaConfig):
    """A language model in this system, and what stands in for it."""

    fallbacks: tuple[LanguageModelConfig, ...] = Field(default=(), max_length=MOST, description=_DESCRIPTION)


class OpenAICompatibleSection(OpenAICompatibleConfig):
    """A language model on a server, and what stands in for it."""

    fallbacks: tuple[LanguageModelConfig, ...] = Field(default=(), max_length=MOST, description=_DESCRIPTION)


LanguageModelSection = Annotated[LlamaSection | OpenAICompatibleSection, Field(discriminator="engine")]


def expect_chance(role: str, fallbacks: Sequence[object], serving: EngineServing, limit: float) -> None:
    """Raise ``PydanticCustomError`` where stand-ins of ``role`` could never be asked, or don't exist.

    ``limit`` is how long a caller waits for an answer, seconds.
    """
    if fallbacks and serving.switch_after_s >= limit:
        raise PydanticCustomError(
            "no_chance",
            "waits {wait:g} s before it switches, but a call is given up after {limit:g} s: lower it",
            {"wait": serving.switch_after_s, "limit": limit, "at": ("serving", role, "switch_after_s")},
        )
    if len(serving.fallbacks) > len(fallbacks):
        raise PydanticCustomError(
            "no_fallback",
            "describes {given} deployments, but {role} has {known} fallbacks",
            {
                "given": len(serving.fallbacks),
                "role": role,
                "known": len(fallbacks),
                "at": ("serving", role, "fallbacks"),
            },
        )
