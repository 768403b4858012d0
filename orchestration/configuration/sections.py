"""Which parts of a configuration name models, found without importing the rooms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.configuration.folder import configs_folder, packaged_names
from orchestration.configuration.problems import ConfigurationError, Problem
from orchestration.models.registry import Role

MODEL_SECTIONS: tuple[Role, ...] = (
    "voice_activity",
    "smart_turn",
    "speaker",
    "recognizer",
    "language_model",
    "synthesizer",
    "head",
    "embedder",
)
OTHER_FILES = frozenset({"models", "demo", "serve"})  # in configs/, and no systems
HOSTED_ENGINES = frozenset({"openai"})  # their models run on a server of its own


def configuration_path(source: str | Path) -> Path:
    """The file behind a packaged name or a path.

    Raises ``ConfigurationError`` that lists the packaged names when there is neither.
    """
    path = Path(source).expanduser()
    if path.suffix in {".yaml", ".yml"} or len(path.parts) > 1:
        return path
    names = [name for name in packaged_names() if name not in OTHER_FILES]
    if str(source) in names:
        return configs_folder() / f"{source}.yaml"
    message = f"no packaged configuration is called {str(source)!r}"
    raise ConfigurationError(
        [Problem(path, 0, 0, "", message, f"give a YAML file, or one of: {', '.join(names)}")]
    )


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model, what it is for, and where the section that names it stands: ``at``."""

    role: Role
    name: str
    at: tuple[str | int, ...]


def named_models(data: Mapping[str, Any]) -> Iterator[NamedModel]:
    """The models that a system runs itself, those that stand in for others too; hosted ones are left out."""
    for role in MODEL_SECTIONS:
        for at, section in _sections(role, data.get(role)):
            name = section.get("model")
            if section.get("engine") not in HOSTED_ENGINES and isinstance(name, str) and name:
                yield NamedModel(role, name, at)


def _sections(role: Role, section: object) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    if not isinstance(section, dict):
        return
    yield (role,), section
    fallbacks = section.get("fallbacks")
    if isinstance(fallbacks, list | tuple):
        for index, fallback in enumerate(fallbacks):
            if isinstance(fallback, dict):
                yield (role, "fallbacks", index), fallback
