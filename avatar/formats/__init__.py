"""File formats motion travels in: Live Link Face (CSV and UDP) and npz, at 25 frames a second."""

from __future__ import annotations

from pathlib import Path

from avatar.formats.columns import MotionFormatError
from avatar.formats.livelink import read_csv, write_csv
from avatar.formats.npz import read_npz, write_npz
from avatar.motion import MotionClip

__all__ = [
    "MotionFormatError",
    "read_csv",
    "read_motion",
    "read_npz",
    "write_csv",
    "write_motion",
    "write_npz",
]


def read_motion(path: Path | str, resample: bool = False, fps: float | None = None) -> MotionClip:
    """Read a ``.npz`` or ``.csv`` motion file at 25 frames a second.

    ``resample`` also takes files of another rate, as the app Live Link Face records them; ``fps`` tells the
    rate of a CSV whose timecodes leave it open. Raises ``MotionFormatError`` for other endings and broken
    files.
    """
    path = Path(path)
    if path.suffix.lower() == ".npz":
        return read_npz(path, resample)
    if path.suffix.lower() == ".csv":
        return read_csv(path, resample, fps)
    raise MotionFormatError(
        f"{path}: motion is kept in .npz or Live Link Face .csv, not {path.suffix or 'no ending'}"
    )


def write_motion(path: Path | str, clip: MotionClip) -> None:
    """Write a clip in the format that the file's ending names (``.npz`` or ``.csv``)."""
    path = Path(path)
    if path.suffix.lower() == ".npz":
        write_npz(path, clip)
    elif path.suffix.lower() == ".csv":
        write_csv(path, clip)
    else:
        raise MotionFormatError(
            f"{path}: motion is kept in .npz or Live Link Face .csv, not {path.suffix or 'no ending'}"
        )
