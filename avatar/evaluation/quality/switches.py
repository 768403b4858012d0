"""Role switches: whether the face jumps where a turn begins or ends.

The change from one frame to the next is a vector for each group of channels: the head's three angles
(radians), brows, cheeks and smiles, and the mouth. Its sigma is the root mean square of the change's length
*away* from switches (a jump at every switch must not raise its own bar), over the frames in which the group
moves: more than a tenth of the 99th percentile there, since a face whose brows rest nine tenths of the time
would otherwise jump whenever it raises them. The lips must move when speech begins, so the mouth is compared
with its own sigma while speaking. A jump is a change of more than 3 sigma within 5 frames of a switch that is
also large enough to be seen. What is quick by nature isn't a jump: lids and eyes aren't looked at, and nods
(dips of the head that return within 2-6.5 Hz) are left out of the head's sigma and of its jumps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from avatar import measures
from avatar.animator import FRAME_RATE, FloatArray
from avatar.evaluation.quality.bootstrap import ratio
from avatar.evaluation.quality.performance import Performance
from avatar.evaluation.quality.row import Row, Unit
from avatar.evaluation.quality.script import Placed, Script, frames_within, turn_mask
from avatar.evaluation.quality.targets import AtLeast
from avatar.motion import ARTICULATORS, HEAD, NAMES, SHAPES

SECTION = "Role switches"
TARGET = AtLeast(1.0, "100 %")
AROUND = 5  # frames each way
SIGMAS = 3.0
MOVING = 0.1  # of the 99th percentile of change

_EYES = ("eyeBlink", "eyeLook", "eyeSquint", "eyeWide")
_EXPRESSION = [
    index for index in range(SHAPES) if index not in set(ARTICULATORS) and not NAMES[index].startswith(_EYES)
]


@dataclass(frozen=True, slots=True)
class Group:
    """Columns that move together; ``seen`` is the smallest change of a frame that can be seen."""

    key: str
    what: str
    columns: Sequence[int]
    seen: float
    while_speaking: bool = False
    nods: bool = False


GROUPS = (
    Group("head", "head", range(HEAD.start, HEAD.stop), 0.005, nods=True),  # 0.3 degrees
    Group("expression", "brows, cheeks and smile", _EXPRESSION, 0.03),
    Group("mouth", "mouth", ARTICULATORS.tolist(), 0.06, while_speaking=True),
)


def switch_rows(performance: Performance) -> list[Row]:
    """One row for each group: the share of switches without a jump."""
    at = switches(performance.script)
    near = _near(at, performance.script.frames)
    speaking = turn_mask(performance.script.agent, performance.script.frames)
    return [_row(group, performance.motion, at, near, speaking) for group in GROUPS]


def switches(script: Script) -> NDArray[np.intp]:
    """Frames in which a turn of either side begins or has just ended."""
    found = set()
    for item in (*script.agent, *script.user):
        first, last = _edges(item)
        found |= {first, last}
    return np.array(sorted(found), dtype=np.intp)


def _edges(item: Placed) -> tuple[int, int]:
    first, last = frames_within(*item.spoken)
    return first, last + 1


def _near(at: NDArray[np.intp], frames: int) -> NDArray[np.bool_]:
    near = np.zeros(frames, dtype=np.bool_)
    for frame in at:
        near[max(0, frame - AROUND) : frame + AROUND + 1] = True
    return near


def _row(
    group: Group,
    motion: FloatArray,
    at: NDArray[np.intp],
    near: NDArray[np.bool_],
    speaking: NDArray[np.bool_],
) -> Row:
    key, what = f"switches.{group.key}", f"no jump of the {group.what} at switches"
    if not len(at):
        return Row(key, SECTION, what, None, TARGET, Unit.SHARE, 0, "switches", why="nobody speaks")
    moved = change(motion, group.columns)
    if group.nods:
        moved = np.where(nodding(motion), 0.0, moved)
    elsewhere = moved[~near & speaking] if group.while_speaking else moved[~near]
    sigma = sigma_of(elsewhere)
    bound = max(SIGMAS * sigma, group.seen)
    largest = np.array([moved[max(0, frame - AROUND) : frame + AROUND + 1].max() for frame in at])
    smooth = (largest <= bound).astype(np.float64)
    return Row(
        key, SECTION, what, float(smooth.mean()), TARGET, Unit.SHARE, len(at), "switches",
        samples=ratio(smooth, np.ones_like(smooth)),
        note=f"largest {largest.max() / sigma:.1f} sigma" if sigma else "it never moves",
        details={
            "sigma": sigma,
            "largest_in_sigma": float(largest.max() / sigma) if sigma else 0.0,
            "median_of_largest_in_sigma": float(np.median(largest) / sigma) if sigma else 0.0,
            "smooth_without_exceptions": _literal(motion, group.columns, at),
        },
    )  # fmt: skip


def _literal(motion: FloatArray, columns: Sequence[int], at: NDArray[np.intp]) -> float:
    """The share of smooth switches if sigma is the root mean square over the whole run and nods count."""
    moved = change(motion, columns)
    largest = np.array([moved[max(0, frame - AROUND) : frame + AROUND + 1].max() for frame in at])
    return float((largest <= SIGMAS * np.sqrt(np.mean(moved**2))).mean())


def nodding(motion: FloatArray) -> NDArray[np.bool_]:
    """Frames (T,) that belong to a nod's cycle."""
    found = np.zeros(len(motion), dtype=np.bool_)
    for cycle in measures.nod_cycles(motion):
        half = ceil(FRAME_RATE / cycle.rate / 2)
        found[max(0, cycle.frame - half) : cycle.frame + half + 1] = True
    return found


def change(motion: FloatArray, columns: Sequence[int]) -> NDArray[np.float64]:
    """Length of each frame's change in ``columns``, (T,), 0 in the first frame."""
    values = motion[:, list(columns)].astype(np.float64)
    return np.concatenate([[0.0], np.sqrt((np.diff(values, axis=0) ** 2).sum(axis=1))])


def sigma_of(changes: NDArray[np.float64]) -> float:
    """Root mean square of the changes of frames that move at all; 0 if none does."""
    if not len(changes):
        return 0.0
    moving = changes[changes > MOVING * np.percentile(changes, 99)]
    return float(np.sqrt(np.mean(moving**2))) if len(moving) else 0.0
