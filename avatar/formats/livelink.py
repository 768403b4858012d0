"""Live Link Face CSV: one row a frame, PascalCase columns after ``Timecode,BlendshapeCount``.

The app's files put JawRight before JawLeft and MouthRight before MouthLeft, the reverse of its UDP packets,
so columns are written in the app's order and read by name. The app records at 30 or 60 frames a second, in
time of day, leaves frames out, and writes a count of 0 where it sees no face.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.formats.columns import MotionFormatError, column_order
from avatar.formats.resample import to_frame_rate
from avatar.formats.timecode import frame_rate, parse, pts_of, seconds, timecode
from avatar.motion import COLUMNS, NAMES, MotionClip, MotionError, validate

__all__ = ["FILE_NAMES", "read_csv", "timecode", "write_csv"]

SWAPPED = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}


def _pascal(name: str) -> str:
    return name[0].upper() + name[1:]


FILE_NAMES = tuple(_pascal(SWAPPED.get(name, name)) for name in NAMES)
"""Value columns in the order of the app's files."""
_PASCAL_NAMES = tuple(_pascal(name) for name in NAMES)


def write_csv(path: Path | str, clip: MotionClip) -> None:
    """Write a clip as Live Link Face CSV; every float32 is written with the digits that bring it back
    exactly.
    """
    order = column_order(FILE_NAMES, _PASCAL_NAMES)
    values = np.empty_like(clip.motion)
    values[:, order] = clip.motion
    with Path(path).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Timecode", "BlendshapeCount", *FILE_NAMES])
        for pts, row in zip(clip.pts.tolist(), values, strict=True):
            writer.writerow([timecode(pts), COLUMNS, *(np.format_float_positional(v) for v in row)])


def read_csv(path: Path | str, resample: bool = False, fps: float | None = None) -> MotionClip:
    """Read a Live Link Face CSV; rows with a BlendshapeCount of 0, which show no face, are left out.

    Without ``resample``, timecodes must lie on the grid of 25 fps and give the pts. With it, a file of any
    rate, as the app records it, is brought to 25 fps, its first face at pts 0; the rate is what its timecodes
    count in, unless ``fps`` tells it.

    Raises ``MotionFormatError`` naming the line for missing, unknown or duplicate columns, rows of a wrong
    length, values that are not numbers in range, timecodes off the grid or out of order, and empty files.
    """
    path = Path(path)
    table = _table(path)
    try:
        if resample:
            return _resampled(table, fps)
        pts = np.empty(len(table.timecodes), dtype=np.int64)
        for index, (line, text) in enumerate(zip(table.lines, table.timecodes, strict=True)):
            with _at(line):
                pts[index] = pts_of(text)
        return MotionClip(table.motion, pts)
    except (MotionFormatError, MotionError) as error:
        separator = "," if str(error).startswith("line ") else ":"
        raise MotionFormatError(f"{path}{separator} {error}") from error


@dataclass(frozen=True)
class _Table:
    """The rows that show a face: line numbers, timecodes as written, motion (T, 61)."""

    lines: list[int]
    timecodes: list[str]
    motion: FloatArray


class _at:
    """Puts a line's number before what is wrong in it."""

    def __init__(self, line: int) -> None:
        self._line = line

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValueError):
            raise MotionFormatError(f"line {self._line}: {error}") from error


def _resampled(table: _Table, fps: float | None) -> MotionClip:
    codes = []
    for line, text in zip(table.lines, table.timecodes, strict=True):
        with _at(line):
            codes.append(parse(text))
    times = seconds(codes, frame_rate(codes) if fps is None else fps)
    backwards = np.flatnonzero(np.diff(times) <= 0)
    if backwards.size:
        line = table.lines[int(backwards[0]) + 1]
        raise MotionFormatError(f"line {line}: timecodes must rise from row to row")
    validate(table.motion)
    return to_frame_rate(times, table.motion)


def _table(path: Path) -> _Table:
    if not path.is_file():
        raise MotionFormatError(f"{path}: no such file")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise MotionFormatError(f"{path}: not a CSV text file ({error})") from error
    if not rows:
        raise MotionFormatError(f"{path}: the file is empty")
    header = [name.strip() for name in rows[0]]
    if [name.lower() for name in header[:2]] != ["timecode", "blendshapecount"]:  # BlendShapeCount is common
        raise MotionFormatError(
            f"{path}: the first line must start with Timecode,BlendshapeCount, not {header[:2]}"
        )
    try:
        order = column_order(header[2:], _PASCAL_NAMES)
    except MotionFormatError as error:
        raise MotionFormatError(f"{path}: {error}") from None
    if len(rows) == 1:
        raise MotionFormatError(f"{path}: there is a header but no frame")
    kept = [(line, row) for line, row in enumerate(rows[1:], start=2) if _shows_a_face(row)]
    if not kept:
        raise MotionFormatError(f"{path}: no row shows a face; BlendshapeCount is 0 in all {len(rows) - 1}")
    motion = np.empty((len(kept), COLUMNS), dtype=np.float32)
    for index, (line, row) in enumerate(kept):
        motion[index] = _values(path, line, row, header, order)
    return _Table([line for line, _ in kept], [row[0] for _, row in kept], motion)


def _shows_a_face(row: list[str]) -> bool:
    return len(row) < 2 or row[1].strip() != "0"


def _values(path: Path, line: int, row: list[str], header: list[str], order: NDArray[np.intp]) -> FloatArray:
    if len(row) != len(header):
        raise MotionFormatError(f"{path}, line {line}: {len(row)} fields where the header has {len(header)}")
    empty = [name for name, value in zip(header, row, strict=True) if not value.strip()]
    if empty:
        more = f" and {len(empty) - 3} more" if len(empty) > 3 else ""
        raise MotionFormatError(
            f"{path}, line {line}: no value for {', '.join(empty[:3])}{more}; "
            "a row without a face has a BlendshapeCount of 0"
        )
    if row[1].strip() != str(COLUMNS):
        raise MotionFormatError(
            f"{path}, line {line}: BlendshapeCount is {row[1]}; {COLUMNS} (or 0, no face) is due"
        )
    try:
        return np.array(row[2:], dtype=np.float32)[order]
    except ValueError as error:
        raise MotionFormatError(f"{path}, line {line}: {error}") from error
