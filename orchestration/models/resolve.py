"""From the name in a configuration to what an engine opens."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orchestration.models.errors import CorruptModel, MissingModel
from orchestration.models.ledger import Ledger
from orchestration.models.libraries import is_downloaded, library_names
from orchestration.models.registry import Registry, Role
from orchestration.models.store import ModelState, inspect


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """What to hand to an engine: ``location`` is a path, or a name that the engine's library knows."""

    name: str
    role: Role
    location: str
    source: Literal["path", "registry", "library"]


def resolve(
    name: str, role: Role, registry: Registry, *, ledger: Ledger | None = None, download: bool = False
) -> ResolvedModel:
    """Find ``name`` for ``role``: a local path, a model of the registry, or a name that the library knows.

    A library's model counts only if it is downloaded already, since nothing may be fetched in the middle of
    a conversation; ``download=True`` passes its name through regardless. Raises ``MissingModel`` or
    ``CorruptModel``, whose one-line message names the fix.
    """
    path = Path(name).expanduser()
    if path.exists() and _looks_like_path(name):
        return ResolvedModel(name, role, str(path.resolve()), "path")
    entry = registry.find(name, role)
    if entry is not None:
        status = inspect(entry, ledger or Ledger())
        if status.state is ModelState.READY:
            return ResolvedModel(name, role, str(status.path), "registry")
        if status.state is ModelState.CORRUPT:
            raise CorruptModel(name, status.detail, status.fix)
    if name in library_names(role) and (download or is_downloaded(name, role)):
        return ResolvedModel(name, role, name, "library")
    if entry is not None:
        raise MissingModel(name, status.detail, status.fix)
    if name in library_names(role):
        raise MissingModel(name, "not downloaded yet", f"visavis models install {name}")
    if _looks_like_path(name) and name.rpartition("/")[0] != "" and not name.startswith("tts_models/"):
        raise MissingModel(name, "no such file or folder", "correct the path")
    raise _unknown(name, role, registry)


def _looks_like_path(name: str) -> bool:
    """A bare word is never a path, so that a folder called ``base`` doesn't hide the model of that name."""
    return "/" in name or "\\" in name or Path(name).suffix in {".pt", ".pth", ".bin", ".gguf", ".onnx"}


def _unknown(name: str, role: Role, registry: Registry) -> MissingModel:
    other = registry.find(name)
    if other is not None:
        return MissingModel(
            name, f"is a {other.role}, not a {role}", "choose another, see `visavis models list`"
        )
    registered = [entry.name for entry in registry.for_role(role)]
    close = difflib.get_close_matches(name, [*registered, *library_names(role)], n=1)
    fix = f"did you mean {close[0]}?" if close else f"give a path, or one of: {', '.join(registered)}"
    return MissingModel(name, f"unknown {role}", fix)
