"""From a configuration to a running language model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from agents.configuration import LlamaConfig, OpenAICompatibleConfig
from agents.language_model import LanguageModel, Message


class LanguageModelEngine(LanguageModel, Protocol):
    """A language model with a beginning and an end."""

    async def warm_up(self, messages: Sequence[Message]) -> float:
        """Get ready for a dialogue that starts with ``messages``; returns the seconds that took."""
        ...

    def close(self) -> None:
        """Let the model or the connections go."""
        ...


def create_language_model(config: LlamaConfig | OpenAICompatibleConfig) -> LanguageModelEngine:
    """Open the configured engine.

    Blocks while a local model loads. Raises ``LanguageModelUnavailable`` (no such file, damaged file) or
    ``LanguageModelRefused`` (the key's environment variable is not set).
    """
    # Each engine's library takes a second or a hundred megabytes, so only the chosen one is imported.
    match config:
        case LlamaConfig():
            from agents.llama import LocalLlama

            return LocalLlama(config)
        case OpenAICompatibleConfig():
            from agents.openai_compatible import OpenAICompatible

            return OpenAICompatible(config)
