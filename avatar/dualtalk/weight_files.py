"""Tensors by name out of a weights file, safetensors or torch's own, without unpickling anything."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

WRAPPINGS = ("state_dict", "model_state_dict", "model")  # where trainers put the weights beside other things
OLD_TORCH = b"\x80"  # a bare pickle, from before torch 1.6
ZIP = b"PK\x03\x04"


class CheckpointError(ValueError):
    """A weights file that can't be used: what is wrong with it, and what is due."""


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name, on the CPU, and what the file says about itself (safetensors only).

    Raises ``CheckpointError`` for missing, damaged and foreign files, and for pickled objects.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; give the path of a DualTalk checkpoint")
    with path.open("rb") as file:
        start = file.read(9)
    try:
        if start.startswith((ZIP, OLD_TORCH)):
            return _torch(path, start.startswith(ZIP)), {}
        if start[8:] == b"{":
            with safe_open(path, framework="pt", device="cpu") as tensors:
                return {name: tensors.get_tensor(name) for name in tensors.keys()}, tensors.metadata() or {}  # noqa: SIM118
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path}: holds pickled objects beside tensors, or is damaged; pickles may run code, so only "
            "tensors are read: save the model's state_dict alone, best as safetensors"
        ) from error
    except (SafetensorError, BadZipFile, OSError, EOFError, RuntimeError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path}: damaged ({error or type(error).__name__}); fetch it again") from error
    raise CheckpointError(f"{path}: neither safetensors nor a file that torch.save wrote")


def _torch(path: Path, zipped: bool) -> dict[str, Tensor]:
    if zipped:
        with ZipFile(path) as archive:  # torch itself doesn't look at the checksums
            broken = archive.testzip()
        if broken:
            raise CheckpointError(f"{path}: damaged ({broken} fails its checksum); fetch it again")
    # Mapped, not read: a checkpoint of 2.6 GB is needed once, not twice.
    found = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    for wrapping in WRAPPINGS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapping), Mapping):
            found = found[wrapping]
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise CheckpointError(f"{path}: not a state_dict, which maps names to tensors")
    return {str(name): value for name, value in found.items()}
