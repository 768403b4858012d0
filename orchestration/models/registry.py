"""The registry of known models, ``configs/models.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from orchestration.configuration.document import read_document
from orchestration.configuration.folder import configs_folder
from orchestration.configuration.problems import ConfigurationError
from orchestration.configuration.validation import validate

Role = Literal[
    "recognizer",
    "language_model",
    "synthesizer",
    "voice_activity",
    "smart_turn",
    "speaker",
    "head",
    "embedder",
]


def _inside(path: str) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not path:
        raise ValueError("must be a relative path that stays inside its folder")
    return path


def _pinned(requirement: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.!+_-]+", requirement):
        raise ValueError("must be pinned as name==version")
    return requirement


InsidePath = Annotated[str, AfterValidator(_inside)]
PinnedPackage = Annotated[str, AfterValidator(_pinned)]


class ModelArchive(BaseModel):
    """A tarball, such as a package of npm, out of which files of a model are taken."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: InsidePath = Field(description="What the files call it.")
    url: str = Field(pattern="^https?://.+$", description="Address to download it from.")
    size: int = Field(gt=0, description="Length, bytes.")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the tarball, lower-case hex.")


class ModelFile(BaseModel):
    """One file of a model: parts of installed packages joined in order, a download, or one of a tarball's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: InsidePath = Field(description="Name in the model's folder.")
    parts: tuple[InsidePath, ...] = Field(
        default=(), description="Paths inside site-packages, joined in order."
    )
    url: str = Field(default="", pattern="^(https?://.+)?$", description="Address to download the file from.")
    archive: str = Field(default="", description="Name of the archive that holds the file.")
    member: str = Field(default="", description="The file's path inside its archive.")
    size: int = Field(gt=0, description="Length, bytes.")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the whole file, lower-case hex.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(map(bool, (self.parts, self.url, self.archive))) != 1:
            raise ValueError(f"file {self.file} needs either parts, url or archive")
        if bool(self.archive) != bool(self.member):
            raise ValueError(f"file {self.file} needs archive and member together")
        return self


class ModelEntry(BaseModel):
    """One model: what it is for, where it comes from, and which files it consists of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Name used as `model:` in a configuration."
    )
    role: Role = Field(description="The engine that it is for.")
    summary: str = Field(description="One line for `visavis models list`.")
    languages: tuple[str, ...] = Field(min_length=1, description="ISO 639-1 codes, or multilingual.")
    licence: str = Field(description="SPDX expression where one exists.")
    notes: str = Field(default="", description="What a user should know before using it.")
    packages: tuple[PinnedPackage, ...] = Field(
        default=(), description="PyPI packages that carry it, name==version."
    )
    archives: tuple[ModelArchive, ...] = Field(default=(), description="Tarballs that carry files of it.")
    opens: InsidePath = Field(
        description="What the engine is given: a file of the model, or . for its folder."
    )
    files: tuple[ModelFile, ...] = Field(min_length=1, description="The model's files.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if any(file.parts for file in self.files) and not self.packages:
            raise ValueError(f"model {self.name} has parts but names no packages")
        known = {archive.name for archive in self.archives}
        if unknown := {file.archive for file in self.files if file.archive} - known:
            raise ValueError(f"model {self.name} has no archive called {', '.join(sorted(unknown))}")
        if self.opens != "." and self.opens not in {file.file for file in self.files}:
            raise ValueError(f"model {self.name} opens {self.opens}, which is none of its files")
        return self

    @property
    def size(self) -> int:
        """Length of all files together, bytes."""
        return sum(file.size for file in self.files)


class Registry(BaseModel):
    """All known models; a name is used once for each role."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: tuple[ModelEntry, ...] = Field(description="The models.")

    @model_validator(mode="after")
    def _unique(self) -> Self:
        seen: set[str] = set()
        for entry in self.models:
            if entry.name in seen:
                raise ValueError(f"model {entry.name} is listed twice")
            seen.add(entry.name)
        return self

    def find(self, name: str, role: Role | None = None) -> ModelEntry | None:
        """The entry called ``name``, or None; with ``role``, only if it is for that engine."""
        return next((e for e in self.models if e.name == name and role in (None, e.role)), None)

    def for_role(self, role: Role) -> Iterator[ModelEntry]:
        """The entries for one engine."""
        return (entry for entry in self.models if entry.role == role)


def load_registry(path: Path | None = None) -> Registry:
    """Read the registry, the packaged one by default.

    Raises ``ConfigurationError`` with every problem and its line.
    """
    document = read_document(path or configs_folder() / "models.yaml")
    registry, problems = validate(Registry, document, document.data)
    problems.extend(document.problems)
    if registry is None or problems:
        raise ConfigurationError(problems)
    return registry
