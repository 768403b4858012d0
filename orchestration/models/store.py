"""Where a registered model's files lie on this machine, and whether they are what the registry says."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from orchestration.models.ledger import Ledger, cache_folder
from orchestration.models.registry import ModelEntry, ModelFile


class ModelState(StrEnum):
    """How far a model is from being usable."""

    READY = "ready"
    MISSING = "missing"  # neither in an installed package nor in the cache
    UNJOINED = "unjoined"  # its packages are installed, its parts still have to be joined
    CORRUPT = "corrupt"  # a file's size or SHA-256 is not the registry's


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What was found: ``path`` is what the engine opens if ready, ``detail`` the reason if not."""

    entry: ModelEntry
    state: ModelState
    path: Path | None = None
    detail: str = ""

    @property
    def fix(self) -> str:
        """The command that makes the model ready; empty when it is."""
        if self.state is ModelState.READY:
            return ""
        force = " --force" if self.state is ModelState.CORRUPT else ""
        return f"visavis models install {self.entry.name}{force}"


def inspect(
    entry: ModelEntry,
    ledger: Ledger,
    *,
    full: bool = False,
    advance: Callable[[int], None] | None = None,
) -> ModelStatus:
    """Find ``entry`` and verify its size and SHA-256; ``full`` reads every file again.

    ``advance`` is told the bytes verified. A file that is absent or wrong is an answer, not an exception.
    """
    folder = folder_of(entry)
    if folder is None:
        absent = missing_packages(entry)
        detail = f"not installed: {', '.join(absent)}" if absent else "not downloaded"
        return ModelStatus(entry, ModelState.MISSING, detail=detail)
    for file in entry.files:
        path = folder / file.file
        if not path.is_file():
            if folder == cache_folder() / entry.name:
                state = (
                    ModelState.UNJOINED if not missing_packages(entry) and file.parts else ModelState.MISSING
                )
                return ModelStatus(entry, state, detail=f"{file.file} is not in the cache")
            return ModelStatus(entry, ModelState.CORRUPT, detail=f"{path} is gone from its package")
        if reason := _wrong(path, file, ledger, full, advance):
            return ModelStatus(entry, ModelState.CORRUPT, detail=reason)
    return ModelStatus(entry, ModelState.READY, folder if entry.opens == "." else folder / entry.opens)


def _wrong(
    path: Path, file: ModelFile, ledger: Ledger, full: bool, advance: Callable[[int], None] | None
) -> str:
    size = path.stat().st_size
    if size != file.size:
        return f"{path} has {size} bytes instead of {file.size}"
    digest = ledger.sha256(path, full=full, advance=advance)
    if digest != file.sha256:
        return f"{path} has sha256 {digest[:12]}... instead of {file.sha256[:12]}..."
    return ""


def folder_of(entry: ModelEntry) -> Path | None:
    """The folder that has, or is to have, the model's files; None while its packages are absent.

    A model whose files lie whole and together in one package is used where it is, any other in the cache.
    """
    if lies_together(entry):
        if missing_packages(entry):
            return None
        first = entry.files[0]
        return part_path(entry, first.parts[0]).parents[len(PurePosixPath(first.file).parts) - 1]
    folder = cache_folder() / entry.name
    if missing_packages(entry) and not folder.is_dir():
        return None
    return folder


def lies_together(entry: ModelEntry) -> bool:
    """Whether every file is one part, under its own name, below the same folder of one package."""
    folder = entry.files[0].parts[0].removesuffix(entry.files[0].file) if entry.files[0].parts else ""
    return len(entry.packages) == 1 and all(file.parts == (folder + file.file,) for file in entry.files)


def missing_packages(entry: ModelEntry) -> list[str]:
    """The entry's packages that are not installed, as ``name==version``."""
    return [package for package in entry.packages if _distribution(package) is None]


def part_path(entry: ModelEntry, part: str) -> Path:
    """Where ``part`` lies among the installed packages of ``entry``.

    Raises ``FileNotFoundError`` when none of its packages is installed.
    """
    candidates = [
        Path(str(distribution.locate_file(part)))
        for package in entry.packages
        if (distribution := _distribution(package)) is not None
    ]
    if not candidates:
        raise FileNotFoundError(f"{part}: no package of model {entry.name} is installed")
    return next((path for path in candidates if path.is_file()), candidates[0])


def _distribution(package: str) -> importlib.metadata.Distribution | None:
    try:
        return importlib.metadata.distribution(package.partition("==")[0])
    except importlib.metadata.PackageNotFoundError:
        return None
