"""A whole conversation against how people behave: nods, blinks, gaze and head, speaking and listening.

Ranges without a source of their own are the published mean, give or take a quarter (blinks) or ten points
(gaze). Turns are the clusters of the confidence intervals.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar import measures
from avatar.animator import FRAME_RATE, FloatArray
from avatar.evaluation.quality.bootstrap import ratio, weights
from avatar.evaluation.quality.performance import Performance
from avatar.evaluation.quality.row import Row, Unit
from avatar.evaluation.quality.script import Placed, turn_mask
from avatar.evaluation.quality.targets import AtLeast, Target, Within
from avatar.motion import HEAD

SECTION = "Listening and speaking, human conversation"
NODS = Within(1.0, 20.0, "1-20 /min")  # that there are some; no rate is published
NOD_RATE = Within(2.6, 6.5, "2.6-6.5 Hz")  # Hale 2020
BLINKS = Within(19.5, 32.5, "26 /min \u00b1 25 %")  # Bentivoglio 1997
BLINK_LENGTH = Within(0.1, 0.3, "100-300 ms")  # about 200 ms
MORE_SPEAKING = AtLeast(1.0, "speaking more", graded=False)
GAZE_LISTENING = Within(0.65, 0.85, "75 % \u00b1 10")  # Argyle & Cook 1976
GAZE_SPEAKING = Within(0.31, 0.51, "41 % \u00b1 10")

Array = NDArray[np.float64]


def listening_rows(performance: Performance) -> list[Row]:
    """Rows of one conversation's performance."""
    motion, script = performance.motion, performance.script
    speaking, listening = _Turns(script.agent, script.frames), _Turns(script.user, script.frames)
    blinked = _marks(measures.blink_starts(motion), script.frames)
    at_partner = measures.looking_at_partner(motion).astype(np.float64)
    speed = _head_speed(motion)
    blinks = measures.blinks(motion)
    turned = _ratio_row(
        "listening.head", "head speed, speaking over listening", MORE_SPEAKING, speed**2,
        (speaking, listening), root=True,
    )  # fmt: skip
    ratio_of_blinks = _ratio_row(
        "listening.blink_ratio", "blinks, speaking over listening", MORE_SPEAKING, blinked,
        (speaking, listening),
    )  # fmt: skip
    return [
        *_nod_rows(motion, listening),
        Row(
            "listening.blinks", SECTION, "blinks in conversation", blinks.per_minute, BLINKS, Unit.PER_MINUTE,
            int(blinked.sum()), "blinks", samples=_minutes_resampled(blinked),
        ),
        ratio_of_blinks,
        Row(
            "listening.blink_length", SECTION, "blink length",
            blinks.length if blinked.any() else None, BLINK_LENGTH, Unit.SECONDS,
            int(blinked.sum()), "blinks", why="it never blinks", failed=not blinked.any(),
        ),
        _share_row("listening.gaze", "gaze at the partner, listening", GAZE_LISTENING, at_partner, listening),
        _share_row("listening.gaze_speaking", "gaze at the partner, speaking", GAZE_SPEAKING, at_partner,
                   speaking),
        turned,
    ]  # fmt: skip


class _Turns:
    """Sums within each turn of one side."""

    def __init__(self, placed: Sequence[Placed], frames: int) -> None:
        masks = [turn_mask([item], frames) for item in placed]
        self._masks = np.array(masks, dtype=np.float64).reshape(len(masks), frames)
        self.mask: NDArray[np.bool_] = turn_mask(placed, frames)
        self.frames = self._masks.sum(axis=1)
        self._first = np.array([item.first for item in placed], dtype=np.intp)

    def __len__(self) -> int:
        return len(self._masks)

    def of(self, frames: Sequence[int]) -> NDArray[np.intp]:
        """The turn in which each of ``frames`` lies, or the last before it."""
        return np.searchsorted(self._first, np.asarray(frames, dtype=np.intp), side="right") - 1

    def sums(self, values: Array) -> Array:
        """Sum of ``values`` (frames,) in each turn."""
        return np.asarray(self._masks @ values)


def _nod_rows(motion: FloatArray, listening: _Turns) -> list[Row]:
    cycles = [cycle for cycle in measures.nod_cycles(motion) if listening.mask[cycle.frame]]
    starts = _marks(measures.nod_starts(cycles), len(motion))
    minutes = listening.frames / FRAME_RATE / 60
    rates = np.array([cycle.rate for cycle in cycles])
    of = listening.of([cycle.frame for cycle in cycles])
    what, why = "nods while listening", "nobody speaks to it"
    return [
        Row(
            "listening.nods", SECTION, what, float(starts.sum() / minutes.sum()) if len(listening) else None,
            NODS, Unit.PER_MINUTE, int(starts.sum()), "nods",
            samples=ratio(listening.sums(starts), minutes) if len(listening) else None, why=why,
        ),
        Row(
            "listening.nod_rate", SECTION, "nods' frequency, median cycle",
            float(np.median(rates)) if len(rates) else None, NOD_RATE, Unit.HERTZ, len(rates), "cycles",
            samples=_medians(rates, of, len(listening)) if len(rates) else None,
            details={
                "depth_degrees": float(np.degrees(np.median([cycle.depth for cycle in cycles])))
            } if cycles else {},
            why="it never nods", failed=not cycles,
        ),
    ]  # fmt: skip


def _share_row(key: str, what: str, target: Target, values: Array, turns: _Turns) -> Row:
    if not len(turns):
        return Row(key, SECTION, what, None, target, Unit.SHARE, 0, "turns", why="there is no such turn")
    sums = turns.sums(values)
    return Row(
        key, SECTION, what, float(sums.sum() / turns.frames.sum()), target, Unit.SHARE, len(turns), "turns",
        samples=ratio(sums, turns.frames),
    )  # fmt: skip


def _ratio_row(
    key: str, what: str, target: Target, values: Array, turns: tuple[_Turns, _Turns], root: bool = False
) -> Row:
    """The mean of ``values`` in the first turns over that in the second; its root for squares."""
    first, second = turns
    count = len(first) + len(second)
    if not len(first) or not len(second) or not second.sums(values).sum():
        why, failed = "none while listening", bool(len(first) and len(second))
        return Row(key, SECTION, what, None, target, Unit.RATIO, count, "turns", why=why, failed=failed)
    means = [float(side.sums(values).sum() / side.frames.sum()) for side in turns]
    drawn = [ratio(side.sums(values), side.frames) for side in turns]
    with np.errstate(divide="ignore", invalid="ignore"):
        samples = drawn[0] / drawn[1]
    samples = samples[np.isfinite(samples)]
    power = 0.5 if root else 1.0
    scale = 1.0 if root else 60.0 * FRAME_RATE  # degrees a second, or events a minute
    speaking, listening = (mean**power * scale for mean in means)
    return Row(
        key, SECTION, what, (means[0] / means[1]) ** power, target, Unit.RATIO, count, "turns",
        samples=samples**power,
        details={"speaking": speaking, "listening": listening},
        note=f"{speaking:.1f} / {listening:.1f}",
    )  # fmt: skip


def _head_speed(motion: FloatArray) -> Array:
    """The head's angular speed in degrees a second, (T,), 0 in the first frame."""
    moved = np.degrees(np.diff(motion[:, HEAD].astype(np.float64), axis=0)) * FRAME_RATE
    return np.concatenate([[0.0], np.sqrt((moved**2).sum(axis=1))])


def _marks(frames: NDArray[np.intp] | list[int], length: int) -> Array:
    marks = np.zeros(length)
    marks[np.asarray(frames, dtype=np.intp)] = 1.0
    return marks


def _minutes_resampled(marks: Array) -> Array | None:
    """Rate a minute of marks (T,), whole minutes resampled; none for less than two minutes."""
    minute = 60 * FRAME_RATE
    whole = len(marks) // minute
    if whole < 2:
        return None
    sums = marks[: whole * minute].reshape(whole, minute).sum(axis=1)
    return ratio(sums, np.ones(whole))


def _medians(values: Array, of: NDArray[np.intp], clusters: int) -> Array:
    drawn = weights(clusters)[:, of].astype(np.intp)
    return np.array([np.median(np.repeat(values, times)) for times in drawn if times.any()])
