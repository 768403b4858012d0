"""npz motion files: ``motion`` float32 (T, 61), ``names`` (61,), ``fps`` 25, ``pts`` int64 (T,)."""

from __future__ import annotations

import zlib
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from avatar.animator import FRAME_RATE
from avatar.formats.columns import MotionFormatError, column_order
from avatar.formats.resample import to_frame_rate
from avatar.motion import NAMES, MotionClip, MotionError

KEYS = ("motion", "names", "fps", "pts")


def write_npz(path: Path | str, clip: MotionClip) -> None:
    """Write a clip as compressed npz under exactly this path."""
    with Path(path).open("wb") as file:
        np.savez_compressed(
            file, motion=clip.motion, names=np.array(NAMES), fps=np.int64(FRAME_RATE), pts=clip.pts
        )


def read_npz(path: Path | str, resample: bool = False) -> MotionClip:
    """Read a motion npz; columns are matched by name, so a file in another order is put right.

    With ``resample``, a file of another rate is brought to 25 fps, its first frame where it was in time.
    Raises ``MotionFormatError`` for files that are no npz, hold pickled objects (never loaded), lack arrays,
    have another frame rate, wrong columns, shapes, or values out of range.
    """
    path = Path(path)
    if not path.is_file():
        raise MotionFormatError(f"{path}: no such file")
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise MotionFormatError(f"{path}: a single array, not an npz archive with {', '.join(KEYS)}")
        with archive:
            missing = [key for key in KEYS if key not in archive.files]
            if missing:
                raise MotionFormatError(
                    f"{path}: missing {', '.join(missing)}; found {', '.join(archive.files)}"
                )
            motion, names, fps, pts = (archive[key] for key in KEYS)
    except (BadZipFile, EOFError, zlib.error) as error:
        raise MotionFormatError(f"{path}: not an npz file ({error})") from error
    except MotionFormatError:
        raise
    except ValueError as error:
        raise MotionFormatError(f"{path}: not a plain npz; pickled objects are refused ({error})") from error
    rate = float(fps.reshape(-1)[0]) if fps.size == 1 and fps.dtype.kind in "iuf" else 0.0
    if not (np.isfinite(rate) and rate > 0):
        raise MotionFormatError(f"{path}: fps is {fps}; one number above 0 is due")
    if rate != FRAME_RATE and not resample:
        raise MotionFormatError(f"{path}: fps is {fps}; resample the motion to {FRAME_RATE} fps")
    if names.ndim != 1 or names.dtype.kind != "U":
        raise MotionFormatError(f"{path}: names must be {len(NAMES)} strings")
    if motion.ndim != 2 or motion.shape[1] != len(names) or motion.dtype.kind != "f":
        raise MotionFormatError(
            f"{path}: motion is {motion.dtype} {motion.shape}; float32 (T, {len(names)}) is due"
        )
    if pts.dtype.kind not in "iu":
        raise MotionFormatError(f"{path}: pts must be whole frame indices, not {pts.dtype}")
    try:
        order = column_order([str(name) for name in names])
        clip = MotionClip(motion[:, order].astype(np.float32), pts.astype(np.int64))
        return clip if rate == FRAME_RATE else to_frame_rate(clip.pts / rate, clip.motion)
    except (MotionFormatError, MotionError) as error:
        raise MotionFormatError(f"{path}: {error}") from error
