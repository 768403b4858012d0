"""Measures that hold a face against how people behave: blinks, nods, gaze, head movement, the mouth's
timing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_RATE, FRAME_SAMPLES, FloatArray
from avatar.motion import HEAD, Column

AT_PARTNER = 0.10  # radians (5.7 degrees) from straight ahead that still count as looking at the partner
NOD_DEPTH = 0.025  # radians (1.4 degrees), smallest dip counted as a nod
NOD_BAND = (2.0, 6.5)  # Hz
SHUT = 0.5  # lid closure that counts as a blink
MOUTH_SHUT = 0.03  # jaw opening that counts as closed
SILENT_DB = -50.0  # dBFS


@dataclass(frozen=True, slots=True)
class BlinkMeasure:
    """Blinks a minute, and their median length in seconds between half-shut points."""

    per_minute: float
    length: float


@dataclass(frozen=True, slots=True)
class NodMeasure:
    """Nod cycles, nods (cycles less than 0.6 s apart are one) a minute, and the cycles' median rate and
    depth.
    """

    cycles: int
    per_minute: float
    rate: float  # Hz
    depth: float  # radians


@dataclass(frozen=True, slots=True)
class NodCycle:
    """One dip of the head: the frame in which it is deepest, its rate in Hz and depth in radians."""

    frame: int
    rate: float
    depth: float


def blinks(motion: FloatArray, where: NDArray[np.bool_] | None = None) -> BlinkMeasure:
    """Blinks in motion (T, 61), counting only those that begin where ``where`` (T,) is true."""
    lid = motion[:, Column.eyeBlinkLeft].astype(np.float64)
    region = np.ones(len(lid), dtype=bool) if where is None else where
    starts = blink_starts(motion)
    starts = starts[region[starts]]
    lengths = []
    for start in starts:
        first = start  # from and to where the lid leaves rest
        while first > 0 and lid[first - 1] > 0.02:
            first -= 1
        last = start
        while last + 1 < len(lid) and lid[last + 1] > 0.02:
            last += 1
        lengths.append((last - first + 1) / FRAME_RATE)
    minutes = region.sum() / FRAME_RATE / 60
    return BlinkMeasure(
        per_minute=len(starts) / minutes if minutes else 0.0,
        length=float(np.median(lengths)) if lengths else 0.0,
    )


def blink_starts(motion: FloatArray) -> NDArray[np.intp]:
    """Frames of motion (T, 61) in which a blink's lid passes half shut."""
    shut = motion[:, Column.eyeBlinkLeft] > SHUT
    return np.flatnonzero(np.diff(shut.astype(np.int8), prepend=0) == 1)


def nods(motion: FloatArray, where: NDArray[np.bool_] | None = None) -> NodMeasure:
    """Fast nods in motion (T, 61): dips of the head that return within the nod band."""
    region = np.ones(len(motion), dtype=bool) if where is None else where
    cycles = [cycle for cycle in nod_cycles(motion) if region[cycle.frame]]
    minutes = region.sum() / FRAME_RATE / 60
    return NodMeasure(
        cycles=len(cycles),
        per_minute=len(nod_starts(cycles)) / minutes if minutes else 0.0,
        rate=float(np.median([cycle.rate for cycle in cycles])) if cycles else 0.0,
        depth=float(np.median([cycle.depth for cycle in cycles])) if cycles else 0.0,
    )


def nod_cycles(motion: FloatArray) -> list[NodCycle]:
    """Every dip of the head in motion (T, 61) that returns within the nod band, in order."""
    pitch = motion[:, Column.headPitch].astype(np.float64)
    reach = int(FRAME_RATE / NOD_BAND[0] / 2) + 1  # frames within which a cycle must rise again
    cycles = []
    for frame in range(1, len(pitch) - 1):
        if not (pitch[frame] > pitch[frame - 1] and pitch[frame] >= pitch[frame + 1]):
            continue
        left = pitch[max(0, frame - reach) : frame + 1][::-1]
        right = pitch[frame : frame + reach + 1]
        depth = float(pitch[frame] - max(left.min(), right.min()))
        if depth < NOD_DEPTH:
            continue
        # a raised-cosine cycle is half its length wide at half its depth
        length = 2 * (_fall(left, depth / 2) + _fall(right, depth / 2))
        if NOD_BAND[0] <= FRAME_RATE / length <= NOD_BAND[1]:
            cycles.append(NodCycle(frame, FRAME_RATE / length, depth))
    return cycles


def nod_starts(cycles: Sequence[NodCycle]) -> NDArray[np.intp]:
    """The first dip's frame of each nod; cycles less than 0.6 s apart are one."""
    frames = [cycle.frame for cycle in cycles]
    first = [f for i, f in enumerate(frames) if i == 0 or f - frames[i - 1] > 0.6 * FRAME_RATE]
    return np.array(first, dtype=np.intp)


def _fall(values: NDArray[np.float64], by: float) -> float:
    """Frames, interpolated, until ``values`` have first fallen ``by`` below their first."""
    below = values[0] - by
    index = int(np.argmax(values <= below))
    return index - float((below - values[index]) / (values[index - 1] - values[index]))


def gaze_share(motion: FloatArray, where: NDArray[np.bool_] | None = None) -> float:
    """Share of frames in which head and eyes together point at the partner, straight ahead."""
    at = looking_at_partner(motion)
    region = np.ones(len(at), dtype=bool) if where is None else where
    return float(at[region].mean()) if region.any() else 0.0


def gaze_bout(motion: FloatArray) -> float:
    """Mean length in seconds of looks at the partner that both begin and end within motion (T, 61)."""
    edges = np.diff(looking_at_partner(motion).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if starts.size:
        ends = ends[ends > starts[0]]
    count = min(len(starts), len(ends))
    return float((ends[:count] - starts[:count]).mean() / FRAME_RATE) if count else 0.0


def looking_at_partner(motion: FloatArray) -> NDArray[np.bool_]:
    """Whether head and eyes together point within 5.7 degrees of the partner, (T,)."""
    yaw = motion[:, Column.headYaw] + motion[:, Column.leftEyeYaw]
    pitch = motion[:, Column.headPitch] + motion[:, Column.leftEyePitch]
    return np.asarray(np.hypot(yaw, pitch) < AT_PARTNER)


def head_speed(motion: FloatArray, where: NDArray[np.bool_] | None = None) -> float:
    """Root mean square of the head's angular speed in degrees a second."""
    speed = np.degrees(np.diff(motion[:, HEAD].astype(np.float64), axis=0)) * FRAME_RATE
    region = np.ones(len(motion), dtype=bool) if where is None else where
    chosen = speed[region[1:]]
    return float(np.sqrt((chosen**2).sum(axis=1).mean())) if len(chosen) else 0.0


def lip_gap(motion: FloatArray) -> FloatArray:
    """Visible opening between the lips (T,): the jaw's, less what mouthClose shuts over it."""
    return np.asarray(motion[:, Column.jawOpen] - motion[:, Column.mouthClose], dtype=np.float32)


def envelope(pcm: FloatArray) -> FloatArray:
    """Level in dBFS of each 40 ms frame of a recording, (T,), the last one filled up with silence."""
    frames = np.pad(pcm.astype(np.float64), (0, -len(pcm) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
    return np.asarray(10 * np.log10((frames**2).mean(axis=1) + 1e-12), dtype=np.float32)


def closed_in_silence(motion: FloatArray, pcm: FloatArray, settle: int = 3) -> float:
    """Share of silent frames, from the ``settle``-th of each silence on, in which the jaw is closed."""
    levels = envelope(pcm)
    silent = levels < SILENT_DB
    settled = silent.copy()
    for back in range(1, settle):
        settled[back:] &= silent[:-back]
    settled[: settle - 1] = False
    jaw = motion[: len(levels), Column.jawOpen]
    return float((jaw[settled] < MOUTH_SHUT).mean()) if settled.any() else 1.0


def jaw_lag(motion: FloatArray, pcm: FloatArray, reach: int = 10) -> tuple[float, float]:
    """Lag in seconds at which the jaw best follows the sound's envelope (positive: jaw late), and the
    correlation.
    """
    levels = np.maximum(envelope(pcm), SILENT_DB).astype(np.float64)
    jaw = motion[: len(levels), Column.jawOpen].astype(np.float64)
    best = (0.0, -1.0)
    for lag in range(-reach, reach + 1):
        a = levels[max(0, -lag) : len(levels) - max(0, lag)]
        b = jaw[max(0, lag) : len(jaw) - max(0, -lag)]
        if a.std() and b.std():
            best = max(best, (lag / FRAME_RATE, float(np.corrcoef(a, b)[0, 1])), key=lambda item: item[1])
    return best
