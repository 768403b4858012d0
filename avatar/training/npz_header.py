"""How long motion is, from the npz's headers: no array is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from numpy.lib import format as npy

FLAME_WIDTHS: Final = {"exp": 50, "pose": 6}


def motion_frames(path: Path, widths: Mapping[str, int] = FLAME_WIDTHS) -> int:
    """Frames of the motion in an npz whose arrays are (T, width) with the ``widths`` given by name.

    Raises ``ValueError`` for files that are no npz, missing arrays, and other shapes.
    """
    due = " and ".join(f"{key} (T, {width})" for key, width in widths.items())
    try:
        with ZipFile(path) as archive:
            stored = {name.removesuffix(".npy") for name in archive.namelist()}
            missing = [key for key in widths if key not in stored]
            if missing:
                raise ValueError(
                    f"no {' and no '.join(missing)} in it, only {', '.join(sorted(stored)) or 'nothing'}; "
                    f"{due} {'are' if len(widths) > 1 else 'is'} due"
                )
            shapes = {key: _shape(archive, key) for key in widths}
    except (BadZipFile, EOFError, OSError) as error:
        raise ValueError(f"can't be read as npz ({error}); fetch it again") from error
    first = next(iter(shapes.values()))
    frames = first[0] if first else 0
    for key, width in widths.items():
        if shapes[key] != (frames, width):
            raise ValueError(f"{key} has shape {shapes[key]}; ({frames or 'T'}, {width}) is due")
    return frames


def _shape(archive: ZipFile, key: str) -> tuple[int, ...]:
    with archive.open(f"{key}.npy") as file:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, _ = read(file)
    return tuple(int(length) for length in shape)
