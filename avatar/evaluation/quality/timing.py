"""The mouth against the sound: shut in silence, and moving when it moves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar import measures
from avatar.animator import FRAME_RATE, FRAME_SAMPLES
from avatar.evaluation.quality.bootstrap import block_sums, by_cluster, correlation, ratio, weights
from avatar.evaluation.quality.performance import Performance
from avatar.evaluation.quality.row import Row, Unit
from avatar.evaluation.quality.script import SILENCE, Placed
from avatar.evaluation.quality.targets import AtLeast, Within
from avatar.motion import Column

AFTER_SPEECH = 0.2  # s from speech beyond which the mouth must be shut
SHUT = 0.05  # of its range
RANGE = 99  # percentile of the run taken for the range
LONGEST_LAG = 0.04  # s
FOLLOWS = 0.3  # correlation from which a lag means anything; the sound's level alone gives the jaw .8
REACH = 10  # frames of lag tried each way


def silence_row(performances: Sequence[Performance], section: str, prefix: str) -> Row:
    """Share of the agent's silent frames, more than 200 ms from any phone, with jaw and lips shut.

    Shut: jawOpen and lip gap both below 5 % of their range, the 99th percentile over the performance. Silence
    before the first utterance isn't counted: a face begins at rest.
    """
    target = AtLeast(0.98, ">= 98 %")
    shut: list[NDArray[np.bool_]] = []
    after: list[NDArray[np.intp]] = []
    earlier = 0
    for performance in performances:
        silent, last_said = _silence(performance)
        jaw = performance.motion[:, Column.jawOpen]
        gap = measures.lip_gap(performance.motion)
        low = (jaw < SHUT * np.percentile(jaw, RANGE)) | (jaw < 1e-6)
        low &= (gap < SHUT * np.percentile(gap, RANGE)) | (gap < 1e-6)
        shut.append(low[silent])
        after.append(last_said[silent] + earlier)
        earlier += len(performance.script.agent)
    closed = np.concatenate(shut).astype(np.float64) if shut else np.zeros(0)
    key, what = f"{prefix}.silence", "mouth shut in silence, 200 ms after speech"
    if not len(closed):
        return Row(key, section, what, None, target, Unit.SHARE, 0, "frames", why="the agent is never silent")
    of = np.concatenate(after)
    return Row(
        key, section, what, float(closed.mean()), target, Unit.SHARE, len(closed), "frames",
        samples=ratio(by_cluster(closed, of, earlier), by_cluster(np.ones_like(closed), of, earlier)),
    )  # fmt: skip


def _silence(performance: Performance) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Frames that lie wholly in silence, and the utterance that each comes after."""
    frames = performance.script.frames
    starts, ends = np.arange(frames) / FRAME_RATE, (np.arange(frames) + 1) / FRAME_RATE
    silent = np.ones(frames, dtype=np.bool_)
    last_said = np.zeros(frames, dtype=np.intp)
    for index, placed in enumerate(performance.script.agent):
        last_said[placed.first :] = index
        if index == 0:
            silent[: placed.first] = False
        for phone in placed.phones:
            if phone.name != SILENCE:
                silent &= (ends <= phone.start - AFTER_SPEECH) | (starts >= phone.end + AFTER_SPEECH)
    return silent, last_said


def lag_row(performances: Sequence[Performance], section: str, prefix: str) -> Row:
    """Lag at which the jaw follows the sound's level best, over all of it (positive: the jaw is late)."""
    target = Within(-LONGEST_LAG, LONGEST_LAG, "within 40 ms")
    key, what = f"{prefix}.lag", "jaw behind the sound's level"
    if not performances:
        return Row(key, section, what, None, target, Unit.LAG, 0, "utterances", why="nothing was said")
    motion = np.concatenate([performance.motion for performance in performances])
    pcm = np.concatenate([performance.script.agent_pcm for performance in performances])
    lag, strength = measures.jaw_lag(motion, pcm, REACH)
    sums = np.array([_sums(item, placed) for item in performances for placed in item.script.agent])
    if strength < FOLLOWS:
        return Row(
            key, section, what, None, target, Unit.LAG, len(sums), "utterances",
            details={"correlation": strength}, why=f"the jaw doesn't follow the sound (r {strength:.2f})",
            failed=True,
        )  # fmt: skip
    return Row(
        key, section, what, lag, target, Unit.LAG, len(sums), "utterances",
        samples=_best_lags(np.tensordot(weights(len(sums)), sums, axes=1)),
        details={"correlation": strength},
        note=f"r {strength:.2f}",
    )  # fmt: skip


def _sums(performance: Performance, placed: Placed) -> NDArray[np.float64]:
    """What correlations over one utterance and its surroundings are made of, (2 * REACH + 1 lags, 6)."""
    around = slice(max(0, placed.first - REACH), placed.last + REACH)
    sound = performance.script.agent_pcm[around.start * FRAME_SAMPLES : around.stop * FRAME_SAMPLES]
    levels = np.maximum(measures.envelope(sound), measures.SILENT_DB).astype(np.float64)
    jaw = performance.motion[around, Column.jawOpen].astype(np.float64)
    rows = []
    for lag in range(-REACH, REACH + 1):
        a = levels[max(0, -lag) : len(levels) - max(0, lag)]
        b = jaw[max(0, lag) : len(jaw) - max(0, -lag)]
        rows.append(block_sums(a, b, np.ones(len(a), dtype=np.bool_), len(a))[0])
    return np.array(rows)


def _best_lags(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lags in seconds of the highest correlation, from sums (samples, lags, 6)."""
    return np.asarray((correlation(sums).argmax(axis=1) - REACH) / FRAME_RATE)
