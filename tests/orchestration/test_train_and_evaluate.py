"""``visavis train`` and ``visavis evaluate``: a small model is trained, resumed, and measured."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from typer.testing import CliRunner, Result

from avatar import Column, MotionClip, write_motion
from avatar.evaluation import METRICS
from avatar.motion import NAMES, SHAPES
from avatar.training.dualtalk_data import DatasetError
from avatar.training.task import TrainingError
from orchestration.cli import app
from orchestration.configuration.problems import ConfigurationError
from tests.avatar.training.dualtalk_dataset import TINY_ENCODER, write_dataset


def run(*arguments: object) -> Result:
    torch.set_num_threads(1)
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("dualtalk"), train=3, test=2)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    tiny: dict[str, Any] = {
        "model": "dualtalk",
        "windows": {"window": 1.0},
        "optimisation": {"batch": 4, "epochs": 9},
        "settings": {"feature_dim": 8, "audio_encoder": TINY_ENCODER},
    }
    path.write_text(yaml.safe_dump(tiny))
    return path


@pytest.fixture(scope="module")
def flame_map(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(4)
    jaw = np.zeros((SHAPES, 3), np.float32)
    jaw[Column.jawOpen, 0] = 0.3
    expression = rng.normal(size=(SHAPES, 50)).astype(np.float32)
    path = tmp_path_factory.mktemp("map") / "map.npz"
    np.savez(path, expression=expression, jaw=jaw, names=np.array(NAMES[:SHAPES]))
    return path


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "evaluation.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_a_model_is_trained_resumed_and_evaluated(data: Path, settings: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "run", tmp_path / "report"
    told = run("train", "--config", settings, "--data", data, "--out", out, "--epochs", 1, "--device", "cpu")
    assert told.exit_code == 0, told.output
    assert "6 training windows, 3 for validation (1 training conversations kept apart)" in told.output
    assert "random weights" in told.output and "epoch 1/1: validation loss" in told.output
    kept = yaml.safe_load((out / "config.yaml").read_text())
    assert kept["optimisation"]["epochs"] == 1 and kept["settings"]["feature_dim"] == 8
    assert (out / "best.safetensors").exists() and list((out / "tensorboard").iterdir())

    again = run("train", "--out", out, "--resume", "--epochs", 2)
    assert again.exit_code == 0, again.output
    assert "epoch 2/2" in again.output and "2 epochs (all epochs done)" in again.output
    assert yaml.safe_load((out / "config.yaml").read_text())["optimisation"]["epochs"] == 2
    overwriting = run("train", "--config", settings, "--data", data, "--out", out)
    assert "holds a training already" in str(overwriting.exception)
    assert yaml.safe_load((out / "config.yaml").read_text())["optimisation"]["epochs"] == 2

    told = run(
        *("evaluate", "--model", "dualtalk", "--checkpoint", out / "best.safetensors", "--data", data),
        *("--split", "test", "--context", 0, 1, 3, 7, "--out", report, "--device", "cpu"),
    )
    assert told.exit_code == 0, told.output
    for shown in (
        "dualtalk, 0 s",
        "dualtalk, 7 s",
        "frozen mean",
        "truth",
        "P-FD",
        "means over 2 recordings",
    ):
        assert shown in told.output
    systems = ["dualtalk, 0 s", "dualtalk, 1 s", "dualtalk, 3 s", "dualtalk, 7 s", "frozen mean", "truth"]
    assert len(rows(report)) == 2 * len(systems) * len(METRICS) * 3
    means = json.loads((report / "evaluation.json").read_text())["means"]
    assert list(means) == systems
    assert means["dualtalk, 3 s"] == means["dualtalk, 7 s"]  # the recordings last 3 s
    assert means["dualtalk, 0 s"]["fd"]["exp"] != means["dualtalk, 3 s"]["fd"]["exp"]
    assert means["frozen mean"]["variance_ratio"]["exp"] == pytest.approx(0, abs=1e-6)
    assert (report / "measures.png").stat().st_size > 10_000 and (report / "motion.png").exists()


@pytest.mark.slow
def test_the_streaming_model_is_trained_and_evaluated_live(data: Path, tmp_path: Path) -> None:
    path, out = tmp_path / "tiny.yaml", tmp_path / "run"
    sizes = {"feature_dim": 16, "encoder_dim": [12, 12], "context": 12, "agent_look_ahead": 2}
    path.write_text(yaml.safe_dump({"windows": {"window": 1.0}, "settings": {"sizes": sizes}}))
    common = ("train", "--config", path, "--model", "streaming", "--data", data, "--device", "cpu")
    told = run(*common, "--epochs", 1, "--out", out)
    assert told.exit_code == 0, told.output
    assert "million weights, random, on flame-56" in told.output
    evaluating = (
        "evaluate",
        "--model",
        "streaming",
        "--checkpoint",
        out / "best.safetensors",
        "--data",
        data,
    )
    told = run(*evaluating, "--limit", 1, "--no-plots", "--device", "cpu", "--out", tmp_path / "live")
    assert told.exit_code == 0, told.output
    assert {row["system"] for row in rows(tmp_path / "live")} == {"streaming, live", "frozen mean", "truth"}
    told = run(
        *(*evaluating, "--limit", 1, "--no-plots", "--device", "cpu", "--context", 0, 1),
        *("--precision", "bfloat16", "--out", tmp_path / "turns"),
    )
    assert told.exit_code == 0, told.output
    systems = ("streaming, live", "streaming, 0 s", "streaming, 1 s", "frozen mean", "truth")
    assert {row["system"] for row in rows(tmp_path / "turns")} == set(systems)


def test_animators_are_evaluated_by_name(data: Path, flame_map: Path, tmp_path: Path) -> None:
    told = run(
        *("evaluate", "dataset", "--animator", "procedural", "--data", data, "--flame-map", flame_map),
        *("--limit", 1, "--no-plots", "-o", tmp_path / "r"),
    )
    assert told.exit_code == 0, told.output
    assert {row["system"] for row in rows(tmp_path / "r")} == {"procedural", "frozen mean", "truth"}
    assert not list((tmp_path / "r").glob("*.png"))
    without = run("evaluate", "--animator", "procedural", "--data", data)
    assert without.exit_code == 2 and "give your map" in without.output


def test_two_files_are_compared(data: Path, flame_map: Path, tmp_path: Path) -> None:
    truth, other = (data / "test" / f"other{n}_sub_video_{n}_000_speaker1.npz" for n in (0, 1))
    told = run("evaluate", "--motion", other, "--truth", truth, "--out", tmp_path / "r", "--no-plots")
    assert told.exit_code == 0, told.output
    values = {(r["system"], r["metric"], r["part"]): r["value"] for r in rows(tmp_path / "r")}
    assert float(values[other.stem, "fd", "exp"]) > 0 and float(values["truth", "fd", "exp"]) < 1e-9
    assert (other.stem, "p_fd", "exp") not in values  # no partner was given

    motion = np.zeros((75, 61), np.float32)
    motion[:, Column.jawOpen] = np.linspace(0, 0.5, 75)
    write_motion(tmp_path / "arkit.npz", MotionClip.of(motion))
    told = run(
        *("evaluate", "files", "--motion", tmp_path / "arkit.npz", "--truth", truth, "--partner", other),
        *("--flame-map", flame_map, "--out", tmp_path / "s", "--no-plots"),
    )
    assert told.exit_code == 0, told.output
    values = {(r["system"], r["metric"], r["part"]): r["value"] for r in rows(tmp_path / "s")}
    assert float(values["arkit", "variance", "jaw"]) == pytest.approx(
        np.var(0.3 * motion[:, Column.jawOpen]) / 3
    )
    assert ("arkit", "rpcc", "jaw") in values
    missing = run("evaluate", "--motion", tmp_path / "arkit.npz", "--truth", truth)
    assert "not FLAME motion; give the map" in str(missing.exception)


def test_the_reference_can_be_reproduced_defect_by_defect(data: Path, settings: Path, tmp_path: Path) -> None:
    common = ("train", "--config", settings, "--data", data, "--epochs", 1)
    told = run(*common, "--out", tmp_path / "one", "--reference-defect", "aliased-windows")
    assert told.exit_code == 0 and "defects of the reference that are on: aliased_windows" in told.output
    run(*common, "--out", tmp_path / "all", "--reference-defect", "all")
    kept = yaml.safe_load((tmp_path / "all" / "config.yaml").read_text())["reference_defects"]
    assert len(kept) == 5 and all(kept.values())
    wrong = run(*common, "--out", tmp_path / "x", "--reference-defect", "typos")
    assert wrong.exit_code == 2 and "isn't known" in wrong.output


def test_what_cant_be_trained_is_said(data: Path, settings: Path, tmp_path: Path) -> None:
    def said(*arguments: object) -> BaseException | None:
        return run("train", "--out", tmp_path / "run", *arguments).exception

    assert isinstance(said(), ConfigurationError) and "model" in str(said()) and "data" in str(said())
    unknown = said("--model", "other", "--data", data)
    assert isinstance(unknown, TrainingError) and "no model 'other' can be trained" in str(unknown)
    nowhere = said("--config", settings, "--data", tmp_path)
    assert isinstance(nowhere, DatasetError) and "no such folder" in str(nowhere)
    settings.write_text(settings.read_text() + "optimization: {}\n")
    misspelt = said("--config", settings, "--data", data)
    assert "tiny.yaml" in str(misspelt) and "did you mean `optimisation`" in str(misspelt)
    tiny = yaml.safe_load(settings.read_text().replace("optimization: {}\n", ""))
    tiny["settings"]["heads"] = 4
    settings.write_text(yaml.safe_dump(tiny))
    assert "settings.heads" in str(said("--config", settings, "--data", data))
    assert "there is no training to resume" in str(said("--resume", "--model", "dualtalk", "--data", data))
    assert not (tmp_path / "run").exists()


def test_evaluate_needs_one_thing_to_evaluate(data: Path) -> None:
    neither = run("evaluate", "--data", data)
    assert neither.exit_code == 2 and "either --model" in neither.output
    weightless = run("evaluate", "--model", "dualtalk", "--data", data)
    assert weightless.exit_code == 2 and "--checkpoint" in weightless.output
    unknown = run("evaluate", "--model", "other", "--checkpoint", "x", "--data", data)
    assert "no model 'other' can be evaluated; known: dualtalk" in str(unknown.exception)
    damaged = run("evaluate", "--model", "dualtalk", "--checkpoint", data / "none", "--data", data)
    assert "no such file" in str(damaged.exception)
