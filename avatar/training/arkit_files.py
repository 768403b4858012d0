"""ARKit motion of a data set: npz files as ``visavis`` writes them, beside each speaker's sound."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from avatar.animator import FloatArray
from avatar.formats.columns import MotionFormatError
from avatar.formats.npz import read_npz
from avatar.motion import COLUMNS
from avatar.training.dualtalk_data import DatasetError, MotionFiles
from avatar.training.npz_header import motion_frames


def _frames(path: Path) -> int:
    try:
        return motion_frames(path, {"motion": COLUMNS})
    except ValueError as error:
        raise DatasetError(f"{path}: {error}") from error


def _read(path: Path) -> FloatArray:
    try:
        clip = read_npz(path)
    except MotionFormatError as error:
        raise DatasetError(f"{error}; take the recording out or repair it") from error
    if not np.array_equal(clip.pts, np.arange(len(clip.pts))):
        raise DatasetError(
            f"{path}: frames are missing, pts should count from 0; export it again at an even 25 a second"
        )
    return clip.motion


ARKIT: Final = MotionFiles(COLUMNS, _frames, _read)
