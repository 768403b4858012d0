"""Reading a folder of notes: what is text becomes a note, the rest is left out with a reason."""

from __future__ import annotations

import logging
import os
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from stat import S_ISREG

log = logging.getLogger(__name__)

SUFFIXES = frozenset({".md", ".txt"})
MAX_BYTES = 1_000_000  # of one note
MAX_NOTES = 2_000
CONTROL_SHARE = 0.02  # control characters from which a file isn't text


class Skipped(StrEnum):
    """Why a file is no note."""

    KIND = "neither .md nor .txt"
    LINK = "a link that leads out of the folder"
    IRREGULAR = "no regular file"
    HUGE = "too large"
    EMPTY = "empty"
    BINARY = "binary"
    ENCODING = "not UTF-8"
    UNREADABLE = "can't be read"
    TOO_MANY = "beyond the number of notes that are read"


class NotesError(ValueError):
    """There is no folder of notes at this place; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Note:
    """One file of text; ``name`` is its path inside the folder."""

    name: str
    text: str


@dataclass(slots=True)
class Reading:
    """What a folder holds, in the order of names."""

    notes: list[Note] = field(default_factory=list)
    skipped: dict[str, Skipped] = field(default_factory=dict)  # by path inside the folder

    def counts(self) -> Counter[str]:
        """How many files were left out, by reason."""
        return Counter(reason.value for reason in self.skipped.values())


def read_folder(folder: Path, *, max_bytes: int = MAX_BYTES, max_notes: int = MAX_NOTES) -> Reading:
    """Read every note below ``folder``; hidden files and folders are passed over.

    A file that is no note is logged and counted, whatever is wrong with it. Raises ``NotesError`` when there
    is no such folder.
    """
    root = folder.expanduser()
    if not root.is_dir():
        raise NotesError(f"{folder}: no folder of notes; create it or correct notes.folder")
    root = root.resolve()
    reading = Reading()
    for path in _files(root):
        name = path.relative_to(root).as_posix()
        found: str | Skipped = Skipped.TOO_MANY
        if len(reading.notes) < max_notes:
            found = _read(path, root, max_bytes)
        if isinstance(found, Skipped):
            reading.skipped[name] = found
            level = logging.INFO if found is Skipped.KIND else logging.WARNING
            log.log(level, "note %s is left out: %s", name, found.value)
        else:
            reading.notes.append(Note(name, found))
    return reading


def _files(root: Path) -> list[Path]:
    found: list[Path] = []
    for where, folders, files in os.walk(root):  # doesn't follow links to folders, so it ends
        linked = [name for name in folders if (Path(where) / name).is_symlink()]
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in linked)
        found += [Path(where) / name for name in (*files, *linked) if not name.startswith(".")]
    return sorted(found)


def _read(path: Path, root: Path, max_bytes: int) -> str | Skipped:
    if path.suffix.lower() not in SUFFIXES and not path.is_dir():
        return Skipped.KIND
    try:
        if not path.resolve().is_relative_to(root):
            return Skipped.LINK
        status = path.stat()
        if not S_ISREG(status.st_mode):  # a pipe would be waited for without end
            return Skipped.IRREGULAR
        if status.st_size > max_bytes:
            return Skipped.HUGE
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)  # it may have grown meanwhile
    except (OSError, RuntimeError):  # RuntimeError: links that lead to each other
        return Skipped.UNREADABLE
    return Skipped.HUGE if len(data) > max_bytes else _text(data)


def _text(data: bytes) -> str | Skipped:
    if b"\0" in data:
        return Skipped.BINARY
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Skipped.ENCODING
    controls = sum(ord(character) < 32 and character not in "\t\n\r\f" for character in text)
    if controls > CONTROL_SHARE * len(text):
        return Skipped.BINARY
    return text if text.strip() else Skipped.EMPTY
