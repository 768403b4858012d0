"""Timecodes ``HH:MM:SS:FF.sss`` of Live Link Face: time of day, frame within the second, part of a frame."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_RATE
from avatar.formats.columns import MotionFormatError

RATES: Final = (24, 25, 30, 48, 50, 60)  # frames a second that recordings come in
_TEXT: Final = re.compile(r"(\d+):([0-5]\d):([0-5]\d):(\d\d)(?:\.(\d+))?")
_DAY: Final = 24 * 3600  # seconds


@dataclass(frozen=True)
class Timecode:
    """``second`` of the day and ``frame`` within it, with its fraction."""

    second: int
    frame: float


def timecode(pts: int) -> str:
    """Frame index as ``HH:MM:SS:FF.fff``; the last part is thousandths of a frame, always 0 here."""
    seconds, frame = divmod(pts, FRAME_RATE)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}:{frame:02d}.000"


def parse(text: str) -> Timecode:
    """A timecode of any frame rate; raises ``MotionFormatError``."""
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise MotionFormatError(f"timecode {text!r} is not HH:MM:SS:FF.fff")
    hour, minute, second, frame = (int(match[group]) for group in range(1, 5))
    return Timecode((hour * 60 + minute) * 60 + second, frame + float(f"0.{match[5] or 0}"))


def pts_of(text: str) -> int:
    """The frame index that a timecode at 25 fps names; raises ``MotionFormatError`` off that grid."""
    code = parse(text)
    if code.frame >= FRAME_RATE or code.frame % 1:
        raise MotionFormatError(
            f"timecode {text!r} is not on the {FRAME_RATE} fps grid; resample to {FRAME_RATE} fps"
        )
    return code.second * FRAME_RATE + int(code.frame)


def frame_rate(codes: Sequence[Timecode]) -> int:
    """The rate that timecodes count in: the lowest usual one with room for every frame number.

    Raises ``MotionFormatError`` for less than a second of them, which leaves the rate open, and for frame
    numbers that no usual rate has.
    """
    highest = max(int(code.frame) for code in codes)
    if highest >= RATES[-1]:
        raise MotionFormatError(
            f"frame number {highest} in a timecode: more than {RATES[-1]} fps are unusual"
        )
    start = codes[0]
    whole = ((code.second - start.second) % _DAY - (code.frame < start.frame) for code in codes)
    if max(whole) < 1:
        raise MotionFormatError("less than a second of timecodes leaves the frame rate open; give it as fps")
    return next(rate for rate in RATES if rate > highest)


def seconds(codes: Sequence[Timecode], fps: float) -> NDArray[np.float64]:
    """Seconds (T,) since the first of these timecodes, which may pass midnight once.

    Raises ``MotionFormatError`` for a frame number that ``fps`` doesn't have.
    """
    highest = max(code.frame for code in codes)
    if highest >= np.ceil(fps):
        raise MotionFormatError(f"frame number {int(highest)} in a timecode is beyond {fps:g} fps")
    times = np.array([code.second + code.frame / fps for code in codes])
    times[times < times[0] - _DAY / 2] += _DAY
    return np.asarray(times - times[0])
