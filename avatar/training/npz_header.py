"""How long FLAME motion is, from the npz's headers: no array is read."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from numpy.lib import format as npy

WIDTHS: Final = {"exp": 50, "pose": 6}


def motion_frames(path: Path) -> int:
    """Frames of the FLAME motion in an npz.

    Raises ``ValueError`` for files that are no npz, missing arrays, and shapes other than (T, 50) and (T, 6).
    """
    try:
        with ZipFile(path) as archive:
            stored = {name.removesuffix(".npy") for name in archive.namelist()}
            missing = [key for key in WIDTHS if key not in stored]
            if missing:
                raise ValueError(
                    f"no {' and no '.join(missing)} in it, only {', '.join(sorted(stored)) or 'nothing'}; "
                    "exp (T, 50) and pose (T, 6) are due"
                )
            shapes = {key: _shape(archive, key) for key in WIDTHS}
    except (BadZipFile, EOFError, OSError) as error:
        raise ValueError(f"can't be read as npz ({error}); fetch it again") from error
    frames = shapes["exp"][0] if shapes["exp"] else 0
    for key, width in WIDTHS.items():
        if shapes[key] != (frames, width):
            raise ValueError(f"{key} has shape {shapes[key]}; ({frames or 'T'}, {width}) is due")
    return frames


def _shape(archive: ZipFile, key: str) -> tuple[int, ...]:
    with archive.open(f"{key}.npy") as file:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, _ = read(file)
    return tuple(int(length) for length in shape)
