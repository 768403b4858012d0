"""Which parts of a configuration name models, found without importing the rooms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.configuration.folder import configs_folder, packaged_names
from orchestration.configuration.problems import ConfigurationError, Problem
from orchestration.models.registry import Role

MODEL_SECTIONS: tuple[Role, ...] = (
    "voice_activity",
    "smart_turn",
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


def model_names(data: Mapping[str, Any]) -> dict[Role, str]:
    """The models that a system runs itself, by role, from the file's data; hosted ones are left out."""
    names: dict[Role, str] = {}
    for role in MODEL_SECTIONS:
        section = data.get(role)
        if isinstance(section, dict) and section.get("engine") not in HOSTED_ENGINES:
            name = section.get("model")
            if isinstance(name, str) and name:
                names[role] = name
    return names
