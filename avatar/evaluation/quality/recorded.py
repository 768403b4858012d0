"""A face against a recorded one: the same two voices in, the real speaker's FLAME motion to compare with.

A clip is a folder with ``NAME_speaker1.wav`` and ``NAME_speaker2.wav`` (16 kHz, mono) and
``NAME_speaker1.npz`` (``exp`` (T, 50) and ``pose`` (T, 6), neck then jaw, 25 frames a second).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from avatar import measures
from avatar.animator import FRAME_RATE, SAMPLE_RATE, FloatArray
from avatar.evaluation.frechet import frechet_distance
from avatar.evaluation.quality.bootstrap import block_sums, correlation, weights
from avatar.evaluation.quality.errors import QualityError
from avatar.evaluation.quality.row import Row, Unit
from avatar.evaluation.quality.targets import AtLeast, Below, Near
from avatar.motion import HEAD, Column
from avatar.retarget.flame import FlameMotion, FlameRetargeting
from avatar.retarget.flame_map import FlameMap

SECTION = "Recorded conversation"
BLOCK = 50  # frames resampled as one: 2 s
RESAMPLES = 200  # a distance is slow to compute
REACH = 5  # frames of lag tried for the details

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RecordedClip:
    """Both voices, float32 (samples,) at 16 kHz, and the first speaker's real motion."""

    name: str
    agent_pcm: FloatArray = field(repr=False)
    user_pcm: FloatArray = field(repr=False)
    truth: FlameMotion = field(repr=False)


def load_clip(folder: Path) -> RecordedClip:
    """Read the one clip in ``folder``.

    Raises ``QualityError`` naming the file that is missing, one too many, or not as it should be.
    """
    found = sorted(folder.glob("*_speaker1.npz"))
    if len(found) != 1:
        raise QualityError(f"{folder} holds {len(found)} files *_speaker1.npz; a clip has exactly one")
    name = found[0].name.removesuffix("_speaker1.npz")
    agent, user = (_sound(folder / f"{name}_speaker{number}.wav") for number in (1, 2))
    return RecordedClip(name, agent, user, _truth(found[0]))


def _sound(path: Path) -> FloatArray:
    if not path.is_file():
        raise QualityError(f"{path}: no such file; a clip has NAME_speaker1.wav and NAME_speaker2.wav")
    try:
        pcm, rate = soundfile.read(path, dtype="float32")
    except soundfile.LibsndfileError as error:
        raise QualityError(f"{path}: not a sound file ({error})") from error
    if rate != SAMPLE_RATE or pcm.ndim != 1:
        raise QualityError(
            f"{path}: {rate} Hz, {pcm.ndim if pcm.ndim == 1 else pcm.shape[1]} channels; 16000 Hz mono is due"
        )
    return np.asarray(pcm, dtype=np.float32)


def _truth(path: Path) -> FlameMotion:
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [key for key in ("exp", "pose") if key not in archive.files]
            if missing:
                raise QualityError(f"{path}: missing {', '.join(missing)}; exp and pose are due")
            exp, pose = (np.asarray(archive[key], dtype=np.float32) for key in ("exp", "pose"))
    except (BadZipFile, EOFError, ValueError) as error:
        if isinstance(error, QualityError):
            raise
        raise QualityError(f"{path}: not a plain npz ({error})") from error
    if pose.ndim != 2 or pose.shape[1] != 6:
        raise QualityError(f"{path}: pose has shape {pose.shape}; (T, 6) is due, neck then jaw")
    return FlameMotion(exp, pose[:, 3:], pose[:, :3])


def recorded_rows(clip: RecordedClip, motions: list[FloatArray], flame_map: FlameMap | None) -> list[Row]:
    """Rows for one animator's motions (T, 61) of several seeds, values averaged over them.

    Without a map, what needs FLAME expression or jaw isn't measured. The frozen mean, a face that never
    leaves the clip's own mean pose, is each row's bound.
    """
    frames = min(len(clip.truth.jaw), *(len(motion) for motion in motions))
    motions = [motion[:frames] for motion in motions]
    truth = {
        "exp": clip.truth.expression[:frames].astype(np.float64),
        "jaw": clip.truth.jaw[:frames].astype(np.float64),
        "pose": clip.truth.neck[:frames].astype(np.float64),
    }
    rows = [_jaw_row(clip, motions, truth["jaw"][:, 0]), _variance_row(motions, truth["pose"])]
    open_eyed = [without_lids(motion) for motion in motions]
    for part, real in truth.items():
        row = _distance_row(part, real, _predicted(part, open_eyed, flame_map))
        blinking = _predicted(part, motions, flame_map)
        if part == "exp" and blinking is not None:
            with_lids = float(np.mean([_distance(one, real) for one in blinking]))
            row = replace(row, details={**row.details, "with_lids": with_lids})
        rows.append(row)
    return rows


def _predicted(part: str, motions: list[FloatArray], flame_map: FlameMap | None) -> list[Array] | None:
    if part == "pose":
        return [neck_of(motion) for motion in motions]
    if flame_map is None:
        return None
    retargeting = FlameRetargeting(flame_map)
    flame = [retargeting.to_flame(motion) for motion in motions]
    return [(one.expression if part == "exp" else one.jaw).astype(np.float64) for one in flame]


def without_lids(motion: FloatArray) -> FloatArray:
    """Motion (T, 61) that never blinks.

    Tracked FLAME has no eyelids, so no recorded blink is there to compare with, while a map says what else
    moved in tracked faces when lids did.
    """
    open_eyed = motion.copy()
    open_eyed[:, [Column.eyeBlinkLeft, Column.eyeBlinkRight]] = 0
    return open_eyed


def neck_of(motion: FloatArray) -> Array:
    """FLAME's neck, rotation vectors (T, 3), of motion (T, 61)."""
    angles = motion[:, HEAD].astype(np.float64)
    return np.asarray(Rotation.from_euler("YXZ", angles).as_rotvec(), dtype=np.float64)


def _jaw_row(clip: RecordedClip, motions: list[FloatArray], real: Array) -> Row:
    speaking = _turns(clip.agent_pcm, len(real))
    target = AtLeast(1e-3, "above frozen mean (0)")
    key, what = "recorded.jaw", "jaw against the real jaw, correlation while speaking"
    if speaking.sum() < BLOCK:
        why = f"the agent speaks for {speaking.sum()} frames"
        return Row(key, SECTION, what, None, target, Unit.NUMBER, 0, "frames", why=why)
    jaws = [motion[:, Column.jawOpen].astype(np.float64) for motion in motions]
    levels = _levels(clip.agent_pcm, len(real))
    sums = [block_sums(jaw, real, speaking, BLOCK) for jaw in jaws]
    drawn = weights(len(sums[0]))
    value = float(np.mean([correlation(one.sum(axis=0)) for one in sums]))
    lags = {
        lag: float(np.mean([_lagged(jaw, real, speaking, lag) for jaw in jaws]))
        for lag in range(-REACH, REACH + 1)
    }
    best = max(lags, key=lambda lag: lags[lag])
    return Row(
        key, SECTION, what, value, target, Unit.NUMBER, int(speaking.sum()), "frames",
        samples=np.mean([correlation(drawn @ one) for one in sums], axis=0),
        details={
            "best_correlation": lags[best],
            "at_lag_s": best / FRAME_RATE,
            "whole_clip": float(np.mean([_lagged(jaw, real, np.ones_like(speaking), 0) for jaw in jaws])),
            "sound_level": float(np.corrcoef(levels[speaking], real[speaking])[0, 1]),
        },
        note=f"{lags[best]:.2f} at {1000 * best / FRAME_RATE:+.0f} ms",
        beat_both=True,
    )  # fmt: skip


def _levels(pcm: FloatArray, frames: int) -> Array:
    levels = np.maximum(measures.envelope(pcm)[:frames], measures.SILENT_DB).astype(np.float64)
    return np.pad(levels, (0, frames - len(levels)), constant_values=measures.SILENT_DB)


def _turns(pcm: FloatArray, frames: int) -> NDArray[np.bool_]:
    """Frames of speech, pauses of up to a second within it included."""
    turns = np.zeros(frames, dtype=np.bool_)
    last = -frames
    for frame in np.flatnonzero(_levels(pcm, frames) > measures.SILENT_DB):
        turns[last if frame - last <= FRAME_RATE else frame : frame + 1] = True
        last = int(frame)
    return turns


def _lagged(jaw: Array, real: Array, speaking: NDArray[np.bool_], lag: int) -> float:
    """Correlation with our jaw taken ``lag`` frames later."""
    count = len(real) - abs(lag)
    ours, theirs = max(0, lag), max(0, -lag)
    kept = speaking[theirs : theirs + count]
    a, b = jaw[ours : ours + count][kept], real[theirs : theirs + count][kept]
    return float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else 0.0


def _variance_row(motions: list[FloatArray], real: Array) -> Row:
    necks = [neck_of(motion) for motion in motions]
    ratios = [_ratio(neck, real) for neck in necks]
    samples = [
        np.mean([_ratio(neck[drawn], real[drawn]) for neck in necks]) for drawn in _resamples(len(real))
    ]
    return Row(
        "recorded.head", SECTION, "head variance over the real head's", float(np.mean(ratios)),
        Near(1.0, 2.0, "0.5-2 x (frozen mean: 0)"), Unit.RATIO, len(ratios), "runs",
        samples=np.array(samples), details={"least": min(ratios), "most": max(ratios)}, beat_both=True,
    )  # fmt: skip


def _distance_row(part: str, real: Array, predicted: list[Array] | None) -> Row:
    frozen = _distance(np.zeros_like(real), real)
    target = Below(frozen, f"below frozen mean ({frozen:.3g})")
    key, what = f"recorded.fd_{part}", f"FD of {part}, means removed"
    if predicted is None:
        why = "needs a map from ARKit to FLAME"
        return Row(key, SECTION, what, None, target, Unit.NUMBER, 0, "runs", why=why)
    values = [_distance(one, real) for one in predicted]
    samples = [
        np.mean([_distance(one[drawn], real[drawn]) for one in predicted]) for drawn in _resamples(len(real))
    ]
    return Row(
        key, SECTION, what, float(np.mean(values)), target, Unit.NUMBER, len(values), "runs",
        samples=np.array(samples),
        details={
            "least": min(values), "most": max(values), "frozen_mean": frozen,
            "variance_ratio": float(np.mean([_ratio(one, real) for one in predicted])),
        },
        beat_both=True,
    )  # fmt: skip


def _ratio(one: Array, real: Array) -> float:
    return float(one.var(axis=0).sum() / real.var(axis=0).sum())


def _distance(one: Array, real: Array) -> float:
    """FD with each side's own mean removed."""
    return frechet_distance(one - one.mean(axis=0), real - real.mean(axis=0))


def _resamples(frames: int) -> list[NDArray[np.intp]]:
    """Frames of resampled blocks; the same for every motion of as many frames."""
    blocks = [np.arange(start, min(start + BLOCK, frames)) for start in range(0, frames, BLOCK)]
    drawn = weights(len(blocks), RESAMPLES).astype(np.intp)
    return [
        np.concatenate([np.tile(block, times) for block, times in zip(blocks, row, strict=True)])
        for row in drawn
    ]
