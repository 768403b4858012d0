"""Motion files: what is written comes back, and broken files are refused with the reason."""

from __future__ import annotations

import csv
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from avatar import NAMES, Column, MotionClip, MotionFormatError, read_motion, write_motion
from avatar.formats import read_csv, read_npz, write_csv, write_npz
from avatar.formats.livelink import timecode
from avatar.motion import ARKIT

ENDINGS = (".csv", ".npz")


@st.composite
def clips(draw: st.DrawFn) -> MotionClip:
    """Any valid clip of up to 6 frames, anywhere in the first hours of a session."""
    frames = draw(st.integers(1, 6))
    unit = draw(
        arrays(np.float32, (frames, 61), elements=st.floats(0, 1, width=32), fill=st.just(np.float32(0)))
    )
    start = draw(st.integers(0, 10**6))
    steps = draw(arrays(np.int64, frames - 1, elements=st.integers(1, 2000)))
    pts = start + np.concatenate([[0], np.cumsum(steps)])
    return MotionClip.of((ARKIT.low + unit * (ARKIT.high - ARKIT.low)).astype(np.float32), pts)


@pytest.mark.parametrize("ending", ENDINGS)
@given(clip=clips())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_clip_comes_back_bit_for_bit(clip: MotionClip, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"clip{ending}"
    write_motion(path, clip)
    again = read_motion(path)
    assert again.motion.dtype == np.float32
    np.testing.assert_array_equal(again.motion, clip.motion)
    np.testing.assert_array_equal(again.pts, clip.pts)


@pytest.fixture
def one() -> MotionClip:
    motion = np.zeros((3, 61), np.float32)
    motion[:, Column.jawLeft] = 0.25
    motion[:, Column.jawRight] = 0.5
    motion[:, Column.mouthLeft] = 0.125
    motion[:, Column.mouthRight] = 0.75
    return MotionClip.of(motion)


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def rewrite(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_csv_has_the_apps_header_with_right_before_left(one: MotionClip, tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", one)
    header, first, *_ = rows_of(tmp_path / "a.csv")
    assert header[:3] == ["Timecode", "BlendshapeCount", "EyeBlinkLeft"]
    assert header.index("JawRight") + 1 == header.index("JawLeft")
    assert header.index("MouthRight") + 1 == header.index("MouthLeft")
    assert header[-9:] == [
        "HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll",
        "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
    ]  # fmt: skip
    assert first[:2] == ["00:00:00:00.000", "61"]
    assert float(first[header.index("JawRight")]) == 0.5
    assert float(first[header.index("MouthLeft")]) == 0.125


def test_csv_columns_in_any_order_are_read_by_name(one: MotionClip, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_csv(path, one)
    rows = rows_of(path)
    order = [0, 1, *np.random.default_rng(0).permutation(np.arange(2, 63)).tolist()]
    rewrite(path, [[row[i] for i in order] for row in rows])
    np.testing.assert_array_equal(read_csv(path).motion, one.motion)


@pytest.mark.parametrize(
    ("pts", "text"),
    [
        (0, "00:00:00:00.000"),
        (24, "00:00:00:24.000"),
        (25, "00:00:01:00.000"),
        (90_000 + 1525, "01:01:01:00.000"),
    ],
)
def test_timecodes_count_25_frames_a_second(pts: int, text: str) -> None:
    assert timecode(pts) == text


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda rows: [], "is empty"),
        (lambda rows: rows[:1], "no frame"),
        (lambda rows: [["Time", *rows[0][1:]], *rows[1:]], "must start with Timecode"),
        (lambda rows: [row[:-1] for row in rows], "missing columns RightEyeRoll"),
        (lambda rows: [[*rows[0], "JawOpen"], *rows[1:]], "duplicate columns JawOpen"),
        (lambda rows: [[*rows[0][:-1], "RightEyeRol"], *rows[1:]], "did you mean RightEyeRoll"),
        (lambda rows: [rows[0], rows[1][:-1]], "line 2: 62 fields where the header has 63"),
        (lambda rows: [rows[0], [*rows[1][:-1], "nan"]], "rightEyeRoll is nan"),
        (lambda rows: [rows[0], [*rows[1][:-1], "much"]], "line 2"),
        (lambda rows: [rows[0], [*rows[1][:2], "7", *rows[1][3:]]], "eyeBlinkLeft is 7"),
        (lambda rows: [rows[0], ["00:00:00:59.000", *rows[1][1:]]], "25 fps grid"),
        (lambda rows: [rows[0], ["00:00:00:01.500", *rows[1][1:]]], "25 fps grid"),
        (lambda rows: [rows[0], ["noon", *rows[1][1:]]], "is not HH:MM:SS:FF"),
        (lambda rows: [rows[0], rows[2], rows[1]], "rise"),
    ],
)
def test_a_broken_csv_is_refused_with_the_reason(
    change, complaint: str, one: MotionClip, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "a.csv"
    write_csv(path, one)
    with pytest.raises(MotionFormatError, match=complaint):
        read_csv(rewrite(path, change(rows_of(path))))


def test_npz_holds_the_four_named_arrays_under_exactly_its_path(one: MotionClip, tmp_path: Path) -> None:
    path = tmp_path / "motion.npz"
    write_npz(path, one)
    assert [p.name for p in tmp_path.iterdir()] == ["motion.npz"]
    with np.load(path, allow_pickle=False) as archive:
        assert archive["motion"].dtype == np.float32 and archive["motion"].shape == (3, 61)
        assert tuple(archive["names"]) == NAMES
        assert int(archive["fps"]) == 25
        assert archive["pts"].tolist() == [0, 1, 2]


def test_npz_columns_in_another_order_are_put_right(one: MotionClip, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, motion=one.motion[:, ::-1], names=np.array(NAMES[::-1]), fps=25, pts=one.pts)
    np.testing.assert_array_equal(read_npz(path).motion, one.motion)


@pytest.mark.parametrize(
    ("arrays_", "complaint"),
    [
        ({"fps": 30}, "fps is 30"),
        ({"motion": np.zeros((0, 61), np.float32), "pts": np.zeros(0, int)}, "T >= 1"),
        ({"motion": np.full((3, 61), np.nan, np.float32)}, "eyeBlinkLeft is nan"),
        ({"motion": np.zeros((3, 60), np.float32)}, "is due"),
        ({"names": np.array(["jawOpen", *NAMES[1:]])}, "duplicate columns jawOpen"),
        ({"names": np.array(["eyeBlinkLift", *NAMES[1:]])}, "did you mean eyeBlinkLeft"),
        ({"pts": np.array([0.0, 1.0, 2.0])}, "whole frame indices"),
        ({"pts": np.array([0, 1])}, "pts has shape"),
    ],
)
def test_a_broken_npz_is_refused_with_the_reason(
    arrays_: dict[str, np.ndarray],
    complaint: str,
    tmp_path: Path,  # type: ignore[type-arg]
) -> None:
    whole = {
        "motion": np.zeros((3, 61), np.float32),
        "names": np.array(NAMES),
        "fps": 25,
        "pts": np.arange(3),
    }
    path = tmp_path / "a.npz"
    np.savez(path, **{**whole, **arrays_})  # type: ignore[arg-type]
    with pytest.raises(MotionFormatError, match=complaint):
        read_npz(path)


def test_npz_without_an_array_names_it(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", motion=np.zeros((3, 61), np.float32), fps=25)
    with pytest.raises(MotionFormatError, match="missing names, pts"):
        read_npz(tmp_path / "a.npz")


def test_pickled_objects_are_refused_unread(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        motion=np.array([{"evil": 1}], dtype=object),
        names=np.array(NAMES),
        fps=25,
        pts=np.arange(1),
    )
    with pytest.raises(MotionFormatError, match="pickled objects are refused"):
        read_npz(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(MotionFormatError, match=r"refused|not an npz"):
        read_npz(tmp_path / "b.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"plain text"])
def test_a_file_that_is_no_npz_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(MotionFormatError):
        read_npz(tmp_path / "a.npz")


def test_a_single_array_is_no_npz(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(3))
    (tmp_path / "a.npy").rename(tmp_path / "a.npz")
    with pytest.raises(MotionFormatError, match="single array"):
        read_npz(tmp_path / "a.npz")


def test_a_missing_file_and_an_unknown_ending_are_told(one: MotionClip, tmp_path: Path) -> None:
    with pytest.raises(MotionFormatError, match="no such file"):
        read_motion(tmp_path / "a.npz")
    with pytest.raises(MotionFormatError, match=r"not \.json"):
        read_motion(tmp_path / "a.json")
    with pytest.raises(MotionFormatError, match=r"not \.json"):
        write_motion(tmp_path / "a.json", one)
