"""How far a mouth is from its sound: at each syllable of a reply, and in a capture of the page."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np

from avatar.formats import read_npz
from avatar.motion import Column
from benchmarks._onsets import STEP, envelope, lag, rises, sampled
from orchestration.media import FRAME_SECONDS
from speech.audio import load_audio

RATE = 16_000
REACH = 0.16  # seconds each way in which an offset is looked for
AROUND = 0.25  # seconds each side of a syllable's onset over which mouth and sound are compared
STILL = 0.01  # of jawOpen: a mouth that varies less around a syllable has no opening to compare
GOOD_OFFSET = 45.0  # ms
WIDTH, HEIGHT = 240, 300  # pixels that captured pictures are brought to


def at_the_speaker(sounded: list[dict[str, Any]]) -> Callable[[np.ndarray], np.ndarray]:
    """From a place on the timeline (seconds) to the page's time (seconds) at which it left the speaker."""
    pts = np.array([row["pts"] for row in sounded], dtype=float) * FRAME_SECONDS
    times = np.array([row["time"] for row in sounded]) / 1000
    order = np.argsort(pts)
    return lambda place: np.interp(place, pts[order], times[order])


def offsets(measured: dict[str, Any], recording: Path) -> dict[str, Any]:
    """How far the drawn mouth is from the sound at the speaker, at every syllable of the replies."""
    pcm = load_audio(recording / "agent.wav", RATE)
    speaker = at_the_speaker(measured["sounded"])
    drawn_at = np.array([row["time"] for row in measured["drawn"]]) / 1000
    jaw = np.array([row["jawOpen"] for row in measured["drawn"]])
    place = np.array([row["position"] for row in measured["drawn"]]) * FRAME_SECONDS
    start, curve = sampled(drawn_at, jaw)
    openings = start + rises(curve)
    level = envelope(pcm, RATE)
    # Soft words of a listener are hummed with a shut mouth: only replies have syllables to compare.
    syllables = speaker(within(rises(level), replies(recording)))
    nearest = [
        float(near[np.abs(near - onset).argmin()] - onset) * 1000
        for onset in syllables
        if (near := openings[np.abs(openings - onset) < REACH]).size
    ]
    # What the page itself adds: the place on the timeline that was drawn against the one that was heard.
    heard_at = speaker(place[place >= 0])
    page = (drawn_at[place >= 0] - heard_at) * 1000
    near_syllable = np.array([page[np.abs(drawn_at[place >= 0] - t).argmin()] for t in syllables])
    # The animator's own lag, on the timeline, before anything was sent.
    motion = read_npz(recording / "motion.npz").motion[:, Column.jawOpen].astype(float)
    _, jaw_curve = sampled(np.arange(motion.size) * FRAME_SECONDS, motion)
    own = lag(level, jaw_curve, 0.3)
    # The sound's level as it left the speaker, on the page's clock.
    heard = np.interp(
        start + np.arange(curve.size) * STEP, speaker(np.arange(level.size) * STEP), level, left=0, right=0
    )
    # The mouth that the animator made for that sound, where the sound left the speaker: coarticulation moves
    # single syllables against their loudness, so the animator's own lag is taken over the whole.
    due = np.interp(
        start + np.arange(curve.size) * STEP,
        speaker(np.arange(motion.size) * FRAME_SECONDS),
        motion,
        left=0,
        right=0,
    )
    return {
        "syllables": len(syllables),
        "mouth_after_sound_at_syllables_ms": spread((own + at_each(syllables - start, due, curve)) * 1000),
        "mouth_after_loudness_at_syllables_ms": spread(at_each(syllables - start, heard, curve) * 1000),
        "nearest_opening_after_syllable_ms": spread(np.array(nearest)),
        "drawn_against_heard_ms": spread(near_syllable),
        "jaw_after_envelope_ms": {
            "at_the_speaker": round(lag(heard, curve, 0.3) * 1000, 1),
            "of_the_animator_alone": round(own * 1000, 1),
        },
    }


def replies(recording: Path) -> list[tuple[float, float]]:
    """From when to when the agent held the floor, seconds on the timeline."""
    held, since = [], None
    for line in (recording / "events.jsonl").read_text("utf-8").splitlines():
        event = json.loads(line)
        if event["type"] not in ("floor", "session_ended"):
            continue
        if since is not None:
            held.append((since, event["pts"] * FRAME_SECONDS))
        since = event["pts"] * FRAME_SECONDS if event["data"].get("holder") == "agent" else None
    return held


def within(times: np.ndarray, spans: list[tuple[float, float]]) -> np.ndarray:
    """Those of ``times`` (seconds) that lie in one of the ``spans``."""
    return np.array([time for time in times if any(first <= time < last for first, last in spans)])


def at_each(onsets: np.ndarray, sound: np.ndarray, mouth: np.ndarray) -> np.ndarray:
    """The local lag in seconds at each of the ``onsets`` (seconds from the curves' start) that has one."""
    lags = (local_lag(sound, mouth, onset) for onset in onsets)
    return np.array([value for value in lags if value is not None])


def local_lag(level: np.ndarray, mouth: np.ndarray, onset: float) -> float | None:
    """Seconds by which the mouth follows the level around ``onset`` (seconds); None where it hardly moves."""
    first, last = round((onset - AROUND) / STEP), round((onset + AROUND) / STEP)
    if first < 0 or last > mouth.size or mouth[first:last].std() < STILL:
        return None
    return lag(level[first:last], mouth[first:last], REACH)


def spread(values: np.ndarray) -> dict[str, Any]:
    """Number, median, 1st and 99th percentile of offsets in ms, and the share that nobody notices."""
    return {
        "n": int(values.size),
        "median": round(float(np.median(values)), 1),
        "p1": round(float(np.percentile(values, 1)), 1),
        "p99": round(float(np.percentile(values, 99)), 1),
        "share_within_45": round(float((np.abs(values) <= GOOD_OFFSET).mean()), 4),
    }


def in_the_capture(webm: bytes, measured: dict[str, Any], began: float, recording: Path) -> dict[str, Any]:
    """Mouth against sound in a recording of what was seen and heard, which ``began`` at that page time (ms).

    The mouth's opening is taken from the pictures: the darkness of the pixels that darken when the jaw opens.
    How late it is against the mouth that was due, less how late the sound is against the sound that was due,
    and the animator's own lag, make the offset.
    """
    with av.open(io.BytesIO(webm)) as container:
        pictures, sounds = [], []
        rate, sound_begins = 48_000, 0.0
        for frame in container.decode(container.streams.video[0], container.streams.audio[0]):
            if isinstance(frame, av.VideoFrame):
                # The page adapts its resolution, so pictures differ in size.
                gray = frame.reformat(width=WIDTH, height=HEIGHT, format="gray").to_ndarray()
                pictures.append((float(frame.time or 0), gray.astype(np.float32)))
            else:
                rate = frame.sample_rate
                sound_begins = sound_begins if sounds else float(frame.time or 0)
                sounds.append(frame.to_ndarray().mean(axis=0))
    pcm = np.concatenate(sounds).astype(np.float32)
    times = np.array([at for at, _ in pictures])
    darkness = -np.stack([picture for _, picture in pictures])
    drawn_at = np.array([row["time"] for row in measured["drawn"]]) / 1000
    jaw = np.interp(began / 1000 + times, drawn_at, [row["jawOpen"] for row in measured["drawn"]])
    weights = np.einsum("t,tyx->yx", jaw - jaw.mean(), darkness - darkness.mean(axis=0))
    weights = np.where(weights > 0.5 * weights.max(), weights, 0)
    start, opening = sampled(times, np.einsum("yx,tyx->t", weights / weights.sum(), darkness))
    level = envelope(pcm, rate)
    grid = start + np.arange(opening.size) * STEP
    heard = np.interp(grid, sound_begins + np.arange(level.size) * STEP, level)
    sent = envelope(load_audio(recording / "agent.wav", RATE), RATE)
    motion = read_npz(recording / "motion.npz").motion[:, Column.jawOpen].astype(float)
    _, made = sampled(np.arange(motion.size) * FRAME_SECONDS, motion)
    speaker = at_the_speaker(measured["sounded"])

    def due(curve: np.ndarray) -> np.ndarray:
        """What should be at the speaker, on the capture's clock."""
        return np.interp(grid, speaker(np.arange(curve.size) * STEP) - began / 1000, curve, left=0, right=0)

    picture, sound = lag(due(made), opening, 0.3), lag(due(sent), heard, 0.3)
    own = lag(sent[: made.size], made[: sent.size], 0.3)
    return {
        "pictures": len(pictures),
        "seconds": round(float(times[-1] - times[0]), 1),
        "mouth_after_sound_ms": round((own + picture - sound) * 1000, 1),
        "of_which_the_animator": round(own * 1000, 1),
        "correlation": round(float(np.corrcoef(np.roll(due(made), round(picture / STEP)), opening)[0, 1]), 3),
        "jaw_seen_against_jaw_drawn": round(
            float(np.corrcoef(jaw, np.interp(times, grid, opening))[0, 1]), 3
        ),
    }
