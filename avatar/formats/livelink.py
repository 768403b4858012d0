"""Live Link Face CSV: one row a frame, PascalCase columns after ``Timecode,BlendshapeCount``.

The app's files put JawRight before JawLeft and MouthRight before MouthLeft, the reverse of its UDP packets,
so columns are written in the app's order and read by name.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np

from avatar.animator import FRAME_RATE
from avatar.formats.columns import MotionFormatError, column_order
from avatar.motion import COLUMNS, NAMES, MotionClip, MotionError

TIMECODE = re.compile(r"(\d+):([0-5]\d):([0-5]\d):(\d\d)(?:\.(\d+))?")
SWAPPED = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}


def _pascal(name: str) -> str:
    return name[0].upper() + name[1:]


FILE_NAMES = tuple(_pascal(SWAPPED.get(name, name)) for name in NAMES)
"""Value columns in the order of the app's files."""
_PASCAL_NAMES = tuple(_pascal(name) for name in NAMES)


def timecode(pts: int) -> str:
    """Frame index as ``HH:MM:SS:FF.fff``; the last part is thousandths of a frame, always 0 here."""
    seconds, frame = divmod(pts, FRAME_RATE)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}:{frame:02d}.000"


def _pts(text: str) -> int:
    match = TIMECODE.fullmatch(text.strip())
    if match is None:
        raise MotionFormatError(f"timecode {text!r} is not HH:MM:SS:FF.fff")
    hour, minute, second, frame = (int(match[group]) for group in range(1, 5))
    if frame >= FRAME_RATE or int(match[5] or 0):
        raise MotionFormatError(
            f"timecode {text!r} is not on the {FRAME_RATE} fps grid; resample to {FRAME_RATE} fps"
        )
    return ((hour * 60 + minute) * 60 + second) * FRAME_RATE + frame


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


def read_csv(path: Path | str) -> MotionClip:
    """Read a Live Link Face CSV at 25 fps.

    Raises ``MotionFormatError`` naming the line for missing, unknown or duplicate columns, rows of a wrong
    length, values that are not numbers in range, timecodes off the 25 fps grid or out of order, and empty
    files.
    """
    path = Path(path)
    if not path.is_file():
        raise MotionFormatError(f"{path}: no such file")
    try:
        with path.open(newline="") as file:
            rows = [row for row in csv.reader(file) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise MotionFormatError(f"{path}: not a CSV text file ({error})") from error
    if not rows:
        raise MotionFormatError(f"{path}: the file is empty")
    header = [name.strip() for name in rows[0]]
    if header[:2] != ["Timecode", "BlendshapeCount"]:
        raise MotionFormatError(
            f"{path}: the first line must start with Timecode,BlendshapeCount, not {header[:2]}"
        )
    try:
        order = column_order(header[2:], _PASCAL_NAMES)
    except MotionFormatError as error:
        raise MotionFormatError(f"{path}: {error}") from None
    if len(rows) == 1:
        raise MotionFormatError(f"{path}: there is a header but no frame")
    pts = np.empty(len(rows) - 1, dtype=np.int64)
    motion = np.empty((len(rows) - 1, COLUMNS), dtype=np.float32)
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise MotionFormatError(
                f"{path}, line {line}: {len(row)} fields where the header has {len(header)}"
            )
        try:
            pts[line - 2] = _pts(row[0])
            motion[line - 2] = np.array(row[2:], dtype=np.float32)[order]
        except ValueError as error:
            raise MotionFormatError(f"{path}, line {line}: {error}") from error
    try:
        return MotionClip(motion, pts)
    except MotionError as error:
        raise MotionFormatError(f"{path}: {error}") from error
