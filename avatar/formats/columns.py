"""Matching a file's column names to the space: always by name, never by position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from avatar.motion import NAMES


class MotionFormatError(ValueError):
    """A motion file that can't be read, with what is wrong and where."""


def column_order(names: Sequence[str], known: Sequence[str] = NAMES) -> NDArray[np.intp]:
    """Positions in the file of every known column, (61,).

    Raises ``MotionFormatError`` listing duplicate, unknown and missing columns together.
    """
    complaints = []
    duplicates = sorted(name for name, count in Counter(names).items() if count > 1)
    if duplicates:
        complaints.append(f"duplicate columns {', '.join(duplicates)}")
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            complaints.append(f"unknown column {name!r}" + (f" (did you mean {close[0]}?)" if close else ""))
    missing = [name for name in known if name not in names]
    if missing:
        complaints.append(f"missing columns {', '.join(missing)}")
    if complaints:
        raise MotionFormatError("; ".join(complaints))
    return np.array([list(names).index(name) for name in known], dtype=np.intp)
