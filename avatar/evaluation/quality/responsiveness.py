"""Whether listening motion answers the partner: motion against cues, versus the same motion shifted in time.

Only the time in which the partner has the floor counts (from its first phone until the agent speaks), its
stretches joined end to end; the motion is shifted round within it. What comes merely from knowing who speaks
is thus in the shifted motion as well, and doesn't count as an answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar import measures
from avatar.animator import FRAME_RATE
from avatar.evaluation.quality.cues import Cues, cues
from avatar.evaluation.quality.performance import Performance
from avatar.evaluation.quality.row import Row, Unit
from avatar.evaluation.quality.script import Script, frames_within
from avatar.evaluation.quality.targets import Below
from avatar.motion import Column

SECTION = "Responsiveness"
TARGET = Below(0.01, "p < 0.01", graded=False)
LOW_PITCH_ANSWER = (0.4, 1.3)  # s after a stretch of low pitch begins; people: about 0.7
PHRASE_ANSWER = (0.1, 1.0)  # s after a phrase's end
SHIFTS = 1000
SHORTEST_SHIFT = 5.0  # s

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ShiftTest:
    """A statistic, the same for every shift, and what follows from them.

    ``observed`` and ``shifted`` (shifts,) are rates inside the answering windows over the rate of all
    listening: 1 where motion and cues have nothing to do with each other.
    """

    observed: float
    shifted: Array

    @property
    def p(self) -> float:
        """Chance of at least this much by shifting (one-sided; the observation counts as one shift)."""
        return float((1 + np.sum(self.shifted >= self.observed - 1e-12)) / (1 + len(self.shifted)))

    @property
    def effect(self) -> float:
        """The observation in standard deviations of the shifted values from their mean."""
        spread = float(self.shifted.std())
        return (self.observed - float(self.shifted.mean())) / spread if spread > 1e-12 else 0.0


def responsiveness_rows(performance: Performance, seed: int = 0) -> list[Row]:
    """Rows for nods and for the speed of the head's pitch."""
    script, motion = performance.script, performance.motion
    found = cues(script.user_pcm, script.user)
    listening = listening_frames(script)
    answering = answer_windows(found, script.frames)
    nods = np.zeros(script.frames)
    nods[measures.nod_starts(measures.nod_cycles(motion))] = 1.0
    pitch = motion[:, Column.headPitch].astype(np.float64)
    speed = np.abs(np.diff(pitch, prepend=pitch[0]))
    return [
        _row("nods", "nods answer the partner's cues", nods, answering, listening, found, seed),
        _row(
            "pitch", "head pitch speed answers the partner's cues", speed, answering, listening, found, seed
        ),
    ]


def _row(
    key: str,
    what: str,
    values: Array,
    answering: NDArray[np.bool_],
    listening: NDArray[np.bool_],
    found: Cues,
    seed: int,
) -> Row:
    count = len(found.low_pitch) + len(found.phrase_ends)
    key = f"responsiveness.{key}"
    test = shift_test(values[listening], answering[listening], seed)
    if test is None:
        still = not values[listening].any()
        why = "nothing moves" if still else "no cue, or less than 15 s of listening"
        return Row(key, SECTION, what, None, TARGET, Unit.PROBABILITY, count, "cues", why=why, failed=still)
    return Row(
        key, SECTION, what, test.p, TARGET, Unit.PROBABILITY, count, "cues",
        note=f"rate x {test.observed:.2f}, {test.effect:.1f} sigma",
        details={
            "rate_in_windows_over_all": test.observed,
            "shifted_95th_percentile": float(np.percentile(test.shifted, 95)),
            "effect_in_sigma": test.effect,
            "share_of_time_in_windows": float(answering[listening].mean()),
            "low_pitch_cues": float(len(found.low_pitch)),
            "phrase_end_cues": float(len(found.phrase_ends)),
        },
    )  # fmt: skip


def listening_frames(script: Script) -> NDArray[np.bool_]:
    """Frames (frames,) from the start of each of the user's utterances until the agent's next one, or at
    most 1.5 s after it.
    """
    mask = np.zeros(script.frames, dtype=np.bool_)
    begins = sorted(item.first for item in script.agent)
    for item in script.user:
        first, last = frames_within(*item.spoken)
        agent = next((frame for frame in begins if frame > first), script.frames)
        mask[first : min(agent, last + round(1.5 * FRAME_RATE))] = True
    return mask


def answer_windows(found: Cues, frames: int) -> NDArray[np.bool_]:
    """Frames (frames,) in which an answer to some cue is due."""
    mask = np.zeros(frames, dtype=np.bool_)
    for times, (after, until) in ((found.low_pitch, LOW_PITCH_ANSWER), (found.phrase_ends, PHRASE_ANSWER)):
        for time in times:
            mask[round((time + after) * FRAME_RATE) : round((time + until) * FRAME_RATE)] = True
    return mask


def shift_test(
    values: Array, answering: NDArray[np.bool_], seed: int, shifts: int = SHIFTS
) -> ShiftTest | None:
    """Mean of ``values`` (T,) in the windows over their mean anywhere, observed and circularly shifted.

    Every shift is at least 5 s each way; none is tried twice where there are enough. None if nothing moves,
    no window is there, or T is too short to be shifted.
    """
    least = round(SHORTEST_SHIFT * FRAME_RATE)
    if len(values) < 3 * least or not values.any() or not answering.any():
        return None
    possible = np.arange(least, len(values) - least)
    rng = np.random.default_rng(seed)
    by = rng.choice(possible, shifts, replace=len(possible) < shifts)
    windows = np.flatnonzero(answering)
    everywhere = float(values.mean())
    shifted = [float(values[(windows - shift) % len(values)].mean()) for shift in by]
    return ShiftTest(float(values[windows].mean()) / everywhere, np.array(shifted) / everywhere)
