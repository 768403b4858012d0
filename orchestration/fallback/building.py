"""From the configuration's engines and their stand-ins to one engine of each kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any, TypeVar

from agents.configuration import OpenAICompatibleConfig
from agents.language_model import LanguageModel
from orchestration.configuration import Configuration
from orchestration.configuration.serving import EngineServing
from orchestration.fallback.chain import Link
from orchestration.fallback.circuit import Circuit, CircuitLimits
from orchestration.fallback.engines import FallbackLanguageModel, FallbackRecognizer, FallbackSynthesizer
from speech.recognizer import Recognizer
from speech.synthesizer import Synthesizer

E = TypeVar("E")
Now = Callable[[], float]  # seconds


def one_recognizer(configuration: Configuration, engines: Sequence[Recognizer], now: Now) -> Recognizer:
    """The recogniser that ``engines``, the configured one and its fallbacks in order, are together."""
    if len(engines) == 1:
        return engines[0]
    serving = configuration.serving.recognizer
    return FallbackRecognizer(_links(configuration.recognizer, engines, serving, now), serving.switch_after_s)


def one_language_model(
    configuration: Configuration, engines: Sequence[LanguageModel], now: Now
) -> LanguageModel:
    """The language model that ``engines``, the configured one and its fallbacks in order, are together."""
    if len(engines) == 1:
        return engines[0]
    serving = configuration.serving.language_model
    links = _links(configuration.language_model, engines, serving, now)
    return FallbackLanguageModel(links, serving.switch_after_s)


def one_synthesizer(configuration: Configuration, engines: Sequence[Synthesizer], now: Now) -> Synthesizer:
    """The synthesiser that ``engines``, the configured one and its fallbacks in order, are together."""
    if len(engines) == 1:
        return engines[0]
    serving, section = configuration.serving.synthesizer, configuration.synthesizer
    links = _links(section, engines, serving, now)
    voices = {
        link.name: frozenset(config.voices) for link, config in zip(links[1:], section.fallbacks, strict=True)
    }
    return FallbackSynthesizer(links, serving.switch_after_s, voices)


def engine_configs(section: Any) -> list[Any]:
    """The options of the engine that ``section`` describes, and those of its fallbacks, in their order."""
    return [section, *section.fallbacks]


def _links(section: Any, engines: Sequence[E], serving: EngineServing, now: Now) -> list[Link[E]]:
    limits = CircuitLimits(serving.retry_after_s, serving.longest_retry_s)
    names: list[str] = []
    for config in engine_configs(section):
        name = engine_name(config)
        same = sum(taken == name or taken.startswith(f"{name} (") for taken in names)
        names.append(f"{name} ({same + 1})" if same else name)
    return [Link(name, engine, Circuit(limits, now)) for name, engine in zip(names, engines, strict=True)]


def engine_name(config: Any) -> str:
    """What an engine is called in events and logs."""
    if isinstance(config, OpenAICompatibleConfig):
        return f"{config.model} at {config.base_url}"
    return PurePath(config.model).name
