"""One YAML file a system: what may stand in it, and how it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestration.configuration.folder import configs_folder
    from orchestration.configuration.loader import load_configuration, resolve_models
    from orchestration.configuration.problems import ConfigurationError, Problem
    from orchestration.configuration.schema import Configuration

__all__ = [
    "Configuration",
    "ConfigurationError",
    "Problem",
    "configs_folder",
    "load_configuration",
    "resolve_models",
]

_HOMES = {
    "Configuration": "schema",
    "ConfigurationError": "problems",
    "Problem": "problems",
    "configs_folder": "folder",
    "load_configuration": "loader",
    "resolve_models": "loader",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used: the schema brings in every room, the registry only files."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
