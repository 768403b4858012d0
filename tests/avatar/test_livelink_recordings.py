"""Recordings as the app Live Link Face leaves them: 60 or 30 fps, time of day, lost frames, lost faces."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar import Column, MotionClip, MotionFormatError, read_motion
from avatar.formats.livelink import FILE_NAMES, read_csv
from avatar.formats.resample import LONGEST_GAP, interpolate, to_frame_rate
from avatar.motion import neutral

HEADER = ["Timecode", "BlendshapeCount", *FILE_NAMES]
START = 12 * 3600 + 33 * 60 + 53  # 12:33:53, seconds of the day


def app_code(frame: int, fps: int, part: str = "676", start: int = START) -> str:
    """The timecode of a frame counted from ``start``, written as the app writes it."""
    second, within = divmod(frame, fps)
    second = (start + second) % 86_400
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}:{within:02d}.{part}"


def opening(seconds: float) -> float:
    """A jaw that opens and closes once a second."""
    return float(0.4 * (1 - np.cos(2 * np.pi * seconds)) / 2)


def app_row(frame: int, fps: int, **options: object) -> list[str]:
    values = {name: "0" for name in FILE_NAMES}
    values["JawOpen"] = repr(opening(frame / fps))
    values["HeadYaw"] = repr(frame / fps / 10)
    return [app_code(frame, fps, **options), "61", *values.values()]  # type: ignore[arg-type]


def recording(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


@pytest.mark.parametrize("fps", [24, 30, 60])
def test_a_recording_of_any_rate_becomes_25_a_second_from_pts_0(fps: int, tmp_path: Path) -> None:
    path = recording(tmp_path / "a.csv", [app_row(frame, fps) for frame in range(2 * fps + 1)])
    clip = read_motion(path, resample=True)
    assert clip.pts.tolist() == list(range(51))
    due = [opening(pts / 25) for pts in range(51)]
    np.testing.assert_allclose(clip.motion[:, Column.jawOpen], due, atol=0.004)
    np.testing.assert_allclose(clip.motion[:, Column.headYaw], np.arange(51) / 250, atol=1e-6)


def test_a_rate_other_than_25_is_refused_unless_resampling_is_asked_for(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.csv", [app_row(frame, 60) for frame in range(90)])
    with pytest.raises(MotionFormatError, match=r"line 2: timecode '12:33:53:00.676'.*25 fps grid"):
        read_csv(path)


def test_frames_the_app_left_out_are_bridged_and_long_gaps_stay_open(tmp_path: Path) -> None:
    lost = {*range(31, 37), *range(70, 100)}  # 100 ms, 500 ms
    path = recording(tmp_path / "a.csv", [app_row(f, 60) for f in range(121) if f not in lost])
    clip = read_csv(path, resample=True)
    missing = sorted(set(range(51)) - set(clip.pts.tolist()))
    assert missing == [pts for pts in range(51) if 69 / 60 < pts / 25 < 100 / 60]
    np.testing.assert_allclose(clip.motion[:, Column.headYaw], clip.pts / 250, atol=1e-6)


def test_rows_without_a_face_are_left_out_however_long_they_are(tmp_path: Path) -> None:
    rows = [app_row(frame, 60) for frame in range(121)]
    rows[3] = [rows[3][0], "0"]
    rows[5] = [rows[5][0], "0", *[""] * 61]
    for frame in range(60, 90):
        rows[frame] = [rows[frame][0], "0"]
    clip = read_csv(recording(tmp_path / "a.csv", rows), resample=True)
    assert {0, 1, 2, 3, 24, 38, 50} <= set(clip.pts.tolist())
    assert not set(range(25, 37)) & set(clip.pts.tolist())


def test_a_recording_may_pass_midnight(tmp_path: Path) -> None:
    rows = [app_row(frame, 60, start=86_399) for frame in range(121)]
    assert rows[0][0].startswith("23:59:59") and rows[-1][0].startswith("00:00:01")
    clip = read_csv(recording(tmp_path / "a.csv", rows), resample=True)
    assert clip.pts.tolist() == list(range(51))


def test_the_count_column_is_spelt_either_way(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.csv", [app_row(frame, 60) for frame in range(61)])
    path.write_text("\ufeff" + path.read_text().replace("BlendshapeCount", "BlendShapeCount"))
    assert len(read_csv(path, resample=True).motion) == 26


def test_parts_of_a_frame_count(tmp_path: Path) -> None:
    rows = [app_row(frame, 30, part="000") for frame in range(61)]
    rows[-1][0] = app_code(60, 30, part="500")
    clip = read_csv(recording(tmp_path / "a.csv", rows), resample=True)
    assert clip.motion[-1, Column.headYaw] == pytest.approx(
        59 / 300 + (2.0 - 59 / 30) / (60.5 / 30 - 59 / 30) * 1 / 300, abs=1e-6
    )


def test_less_than_a_second_needs_its_rate_told(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.csv", [app_row(frame, 60) for frame in range(20)])
    with pytest.raises(MotionFormatError, match="leaves the frame rate open; give it as fps"):
        read_motion(path, resample=True)
    assert read_motion(path, resample=True, fps=60).pts.tolist() == list(range(8))
    with pytest.raises(MotionFormatError, match="frame number 19 in a timecode is beyond 15 fps"):
        read_motion(path, resample=True, fps=15)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda rows: [[row[0], "0"] for row in rows], "no row shows a face; BlendshapeCount is 0 in all 90"),
        (lambda rows: [*rows[:2], [*rows[2][:2], "", *rows[2][3:]]], "line 4: no value for EyeBlinkLeft"),
        (lambda rows: [*rows[:2], [rows[2][0], "61", *[""] * 61]], "line 4: no value for .* and 58 more"),
        (lambda rows: [[rows[0][0], "52", *rows[0][2:]]], "line 2: BlendshapeCount is 52; 61"),
        (lambda rows: [*rows[:70], rows[3]], "line 72: timecodes must rise"),
        (lambda rows: [*rows[:70], [*rows[70][:2], "nan", *rows[70][3:]]], "eyeBlinkLeft is nan in frame 70"),
        (lambda rows: [["12:00:00:75.000", *rows[0][1:]], *rows[1:]], "more than 60 fps"),
        (lambda rows: [["12:00:00;10", *rows[0][1:]], *rows[1:]], "line 2: timecode '12:00:00;10' is not"),
    ],
)
def test_a_broken_recording_is_refused_with_the_reason(change, complaint: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    rows = change([app_row(frame, 60) for frame in range(90)])
    with pytest.raises(MotionFormatError, match=complaint):
        read_csv(recording(tmp_path / "a.csv", rows), resample=True)


def test_an_npz_of_another_rate_is_resampled_when_asked_for(tmp_path: Path) -> None:
    from avatar.motion import NAMES

    motion = np.tile(neutral(), (61, 1))
    motion[:, Column.jawOpen] = np.arange(61) / 100
    np.savez(tmp_path / "a.npz", motion=motion, names=np.array(NAMES), fps=30, pts=np.arange(61))
    clip = read_motion(tmp_path / "a.npz", resample=True)
    np.testing.assert_allclose(clip.motion[:, Column.jawOpen], clip.pts * 30 / 25 / 100, atol=1e-6)
    np.savez(tmp_path / "b.npz", motion=motion, names=np.array(NAMES), fps=float("nan"), pts=np.arange(61))
    with pytest.raises(MotionFormatError, match="fps is nan; one number above 0"):
        read_motion(tmp_path / "b.npz", resample=True)


@given(frames=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_what_is_at_25_a_second_already_stays_as_it_is(frames: int, seed: int) -> None:
    motion = np.zeros((frames, 61), np.float32)
    motion[:, :52] = np.random.default_rng(seed).random((frames, 52), dtype=np.float32)
    clip = to_frame_rate(np.arange(frames) / 25, motion)
    assert clip.pts.tolist() == list(range(frames))
    np.testing.assert_allclose(clip.motion, motion, atol=1e-6)


@given(at=st.lists(st.floats(-1, 3), min_size=1, max_size=20))
@settings(deadline=None)
def test_interpolated_motion_never_leaves_the_frames_around_it(at: list[float]) -> None:
    times = np.array([0.0, 0.04, 0.5, 0.52, 2.0])
    motion = np.zeros((5, 61), np.float32)
    motion[:, Column.jawOpen] = [0.1, 0.5, 0.2, 0.9, 0.3]
    values = interpolate(times, motion, at)[:, Column.jawOpen]
    np.testing.assert_allclose(values, np.interp(at, times, motion[:, Column.jawOpen]), atol=1e-6)


def test_a_single_frame_holds_everywhere() -> None:
    motion = np.full((1, 61), 0.25, np.float32)
    assert (interpolate(np.array([1.0]), motion, [0.0, 1.0, 9.0]) == 0.25).all()


def test_a_clip_of_nothing_but_gap_is_refused() -> None:
    times = np.array([0.01, 0.01 + LONGEST_GAP * 2])
    with pytest.raises(MotionFormatError, match="no frame is left"):
        to_frame_rate(times, np.zeros((2, 61), np.float32))
    assert isinstance(to_frame_rate(times - 0.01, np.zeros((2, 61), np.float32)), MotionClip)
