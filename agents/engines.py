"""From a configuration to a running language model."""

from __future__ import annotations

from agents.configuration import LlamaConfig, OpenAICompatibleConfig
from agents.llama import LocalLlama
from agents.openai_compatible import OpenAICompatible


def create_language_model(config: LlamaConfig | OpenAICompatibleConfig) -> LocalLlama | OpenAICompatible:
    """Open the configured engine.

    Blocks while a local model loads. Raises ``LanguageModelUnavailable`` (no such file, damaged file) or
    ``LanguageModelRefused`` (the key's environment variable is not set).
    """
    match config:
        case LlamaConfig():
            return LocalLlama(config)
        case OpenAICompatibleConfig():
            return OpenAICompatible(config)
