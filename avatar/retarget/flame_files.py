"""FLAME motion as DualTalk keeps it: npz, ``exp`` (T, 50) and ``pose`` (T, 6: neck, jaw), 25 fps."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile, is_zipfile

import numpy as np

from avatar.retarget.flame import FlameMotion
from avatar.retarget.flame_map import RetargetError

KEYS = ("exp", "pose")


def is_flame_npz(path: Path | str) -> bool:
    """Whether a file is an npz with FLAME motion; false for everything else, also for files that are torn."""
    path = Path(path)
    if not path.is_file() or not is_zipfile(path):
        return False
    try:
        with np.load(path, allow_pickle=False) as archive:
            return set(KEYS) <= set(archive.files)
    except (BadZipFile, ValueError, EOFError):
        return False


def read_flame_npz(path: Path | str) -> FlameMotion:
    """Read FLAME motion; other keys (shape, texture, camera) are passed over.

    Raises ``RetargetError`` for files that are no such npz, wrong shapes, and numbers that aren't finite.
    """
    path = Path(path)
    if not is_flame_npz(path):
        raise RetargetError(f"{path}: no npz with FLAME motion ({' and '.join(KEYS)})")
    try:
        with np.load(path, allow_pickle=False) as archive:
            exp, pose = archive["exp"], archive["pose"]
    except (BadZipFile, ValueError, EOFError) as error:
        raise RetargetError(f"{path}: can't be read ({error})") from error
    if exp.dtype.kind != "f" or pose.dtype.kind != "f" or pose.ndim != 2 or pose.shape[1] != 6:
        raise RetargetError(f"{path}: exp is {exp.shape}, pose {pose.shape}; (T, 50) and (T, 6) are due")
    try:
        return FlameMotion(*(part.astype(np.float32) for part in (exp, pose[:, 3:], pose[:, :3])))
    except RetargetError as error:
        raise RetargetError(f"{path}: {error}") from None


def write_flame_npz(path: Path | str, motion: FlameMotion) -> None:
    """Write FLAME motion as compressed npz under exactly this path."""
    with Path(path).open("wb") as file:
        np.savez_compressed(file, exp=motion.expression, pose=np.hstack([motion.neck, motion.jaw]))
