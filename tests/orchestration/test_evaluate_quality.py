"""``visavis evaluate quality`` on a bank of a few vowels."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from avatar.animator import SAMPLE_RATE
from avatar.evaluation.quality import QualityError
from avatar.registry import UnknownAnimatorError
from avatar.training.dyads.bank import BankError, BankIndex, write_index, write_voice
from avatar.training.dyads.utterance import Phone, Utterance
from orchestration.cli import app

LENGTH = 0.14  # s a phone
TONES = {"AA": 730.0, "EH": 530.0, "IY": 270.0, "UW": 300.0, "M": 220.0}  # Hz, above the voice's pitch


def spoken(name: str, voice: str, phones: str) -> Utterance:
    names = ["SIL", *phones.split(), "SIL"]
    count = round(LENGTH * SAMPLE_RATE)
    times = np.arange(count) / SAMPLE_RATE
    pieces = []
    for phone in names:
        buzz = sum(np.sin(2 * np.pi * 120 * n * times) / n for n in range(1, 8))
        tone = np.sin(2 * np.pi * TONES.get(phone, 0.0) * times)
        pieces.append(np.zeros(count) if phone in ("SIL", "P") else 0.1 * buzz + 0.1 * tone)
    spans = tuple(Phone(phone, i * LENGTH, (i + 1) * LENGTH) for i, phone in enumerate(names))
    return Utterance(name, voice, "test", phones.lower(), np.concatenate(pieces).astype(np.float32), spans)


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    folder = tmp_path / "bank"
    saying = ("AA P AA M EH IY UW " * 2, "IY M UW AA P EH " * 2, "EH AA M IY P UW AA " * 2)
    records = [
        write_voice(
            folder, [spoken(f"{voice}-{i}", voice, phones) for i, phones in enumerate(saying)],
            source="made here", licence="CC0-1.0",
        )
        for voice in ("asterisk", "joan")
    ]  # fmt: skip
    write_index(folder, BankIndex(seed=0, voices=tuple(records)))
    return folder


def quality(*arguments: str) -> list[str]:
    return ["evaluate", "quality", "--minutes", "0.6", *arguments]


def test_a_report_holds_every_row_with_its_verdict(bank: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    result = CliRunner().invoke(
        app,
        quality("--animator", "procedural", "--against", "none", "--bank", str(bank), "--out", str(out)),
        catch_exceptions=False,
    )
    assert result.exit_code == 0, result.output
    assert "not measured: only 3 held-out human prompts" in result.output
    report = json.loads((out / "quality.json").read_text())
    keys = {row["key"] for row in report["rows"]}
    assert {
        "human.lips",
        "synthetic.vowels",
        "listening.gaze",
        "responsiveness.nods",
        "switches.head",
    } <= keys
    assert report["material"]["held_out_voices"] == {"joan": 3}
    values = next(row for row in report["rows"] if row["key"] == "human.lips")["values"]
    assert values["told the phones"]["value"] == 1.0  # the corpus' own face closes its lips on each
    lips = values["procedural"]
    assert lips["count"] == 12 and 0 <= lips["value"] <= 1
    assert lips["interval"][0] <= lips["value"] <= lips["interval"][1]
    with (out / "quality.csv").open() as file:
        assert {row["key"] for row in csv.DictReader(file)} == keys
    for picture in ("rows", "prompt", "listening"):
        assert (out / f"{picture}.png").read_bytes().startswith(b"\x89PNG")


def test_an_animator_held_against_itself_is_equal_on_every_row(bank: Path, tmp_path: Path) -> None:
    from avatar.evaluation.quality import QualityOptions, compare, evaluate, gather
    from avatar.registry import load_animator

    material, options = gather(bank), QualityOptions(minutes=0.6)
    one, other = (evaluate("procedural", load_animator("procedural"), material, options) for _ in range(2))
    comparison = compare("procedural", one.rows, "again", other.rows)
    assert comparison.no_worse
    assert comparison.counts["better"] == comparison.counts["worse"] == 0


def test_strict_fails_where_a_target_is_missed(bank: Path, tmp_path: Path) -> None:
    arguments = quality("--animator", "procedural", "--bank", str(bank), "--out", str(tmp_path), "--no-plots")
    result = CliRunner().invoke(app, [*arguments, "--strict"])
    assert result.exit_code == 1
    assert not (tmp_path / "rows.png").exists()


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        (["--animator", "nobody"], UnknownAnimatorError, "nobody"),
        (["--bank", "nowhere"], BankError, "visavis corpus bank"),
        (["--clip", "nowhere"], QualityError, r"\*_speaker1.npz"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_animated(
    bank: Path, tmp_path: Path, arguments: list[str], error: type[Exception], told: str
) -> None:
    defaults = {"--animator": "procedural", "--bank": str(bank), "--out": str(tmp_path / "out")}
    defaults |= dict(zip(arguments[::2], arguments[1::2], strict=True))
    with pytest.raises(error, match=told):
        CliRunner().invoke(
            app, quality(*(word for pair in defaults.items() for word in pair)), catch_exceptions=False
        )
    assert not (tmp_path / "out").exists()
