"""Whether our top-level import names are ours alone."""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import sys
from collections.abc import Sequence
from pathlib import Path

from orchestration.doctor.check import Check, State

ROOMS = ("agents", "avatar", "orchestration", "speech")
DISTRIBUTION = "visavis"
HOME = Path(__file__).resolve().parents[2]


def check_names(search_path: Sequence[str] | None = None) -> list[Check]:
    """One check a room: no other installed distribution carries its name, and importing it finds our folder.

    Names such as ``agents`` are common (``openai-agents`` installs one). Two distributions in one environment
    overwrite each other's files, or the one that comes first on ``sys.path`` hides the other.
    """
    path = list(sys.path if search_path is None else search_path)
    others = _owners(path)
    return [_check(room, sorted(others.get(room, set())), path) for room in ROOMS]


def _check(room: str, others: list[str], path: Sequence[str]) -> Check:
    subject = f"import name {room}"
    resolved = _resolve(room, path)
    separate = "use a virtual environment of its own for visavis"
    if others:
        fix = f"pip uninstall {' '.join(others)}, then reinstall visavis; or {separate}"
        where = "" if resolved is None else f"; `import {room}` finds {resolved}"
        return Check(subject, State.FAILED, f"also installed by {', '.join(others)}{where}", fix)
    if resolved is None:
        return Check(subject, State.FAILED, "can't be imported", "reinstall visavis")
    if resolved != HOME / room:
        fix = f"move or rename {resolved}, or run from another folder; or {separate}"
        return Check(subject, State.FAILED, f"`import {room}` finds {resolved}, not {HOME / room}", fix)
    return Check(subject, State.OK, str(resolved))


def _resolve(room: str, path: Sequence[str]) -> Path | None:
    # Looked up anew: what is in this process's sys.modules says nothing about the next process.
    spec = importlib.machinery.PathFinder.find_spec(room, path)
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return Path(spec.origin).resolve() if spec.origin else None


def _owners(path: Sequence[str]) -> dict[str, set[str]]:
    """Distributions other than ours that install a room's name, from their RECORD or top_level.txt."""
    owners: dict[str, set[str]] = {}
    for distribution in importlib.metadata.distributions(path=list(path)):
        name = distribution.metadata["Name"]
        if not name or name.lower() == DISTRIBUTION:
            continue
        for room in _top_level(distribution) & set(ROOMS):
            owners.setdefault(room, set()).add(name)
    return owners


def _top_level(distribution: importlib.metadata.Distribution) -> set[str]:
    declared = set((distribution.read_text("top_level.txt") or "").split())
    files = distribution.files or []
    recorded = {
        file.parts[0] if len(file.parts) > 1 else file.stem
        for file in files
        if file.suffix in {".py", ".so", ".pyd"} and file.parts[0] != ".."
    }
    return declared | recorded
