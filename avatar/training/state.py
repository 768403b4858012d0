"""What a training can be taken up from: one file, written whole or not at all, read without unpickling."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from avatar.training.task import TrainingError

STATE = "state.pt"
VERSION = 2


def random_state() -> dict[str, Any]:
    """Where torch's generators stand, which dropout draws from."""
    return {
        "cpu": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_state(state: Mapping[str, Any]) -> None:
    """Put the generators back to where ``random_state`` found them."""
    torch.set_rng_state(state["cpu"])
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])


def write_state(folder: Path, state: Mapping[str, Any]) -> None:
    """Keep a training's state in ``folder``; an interruption leaves the state before it."""
    partial = folder / f"{STATE}.partial"
    torch.save({"version": VERSION, **state}, partial)
    partial.replace(folder / STATE)


def read_state(folder: Path) -> dict[str, Any]:
    """A training's state, on the CPU.

    Raises ``TrainingError`` for folders without one, damaged files, and files of another version.
    """
    path = folder / STATE
    if not path.is_file():
        raise TrainingError(f"{path}: no such file; there is no training to resume in {folder}")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(f"{path}: can't be read ({reason}); begin again in another folder") from error
    if not isinstance(state, dict) or state.get("version") != VERSION:
        found = state.get("version") if isinstance(state, dict) else type(state).__name__
        raise TrainingError(f"{path}: version {found}; {VERSION} is due: begin again in another folder")
    return state
