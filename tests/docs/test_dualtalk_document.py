"""The code in docs/dualtalk.md runs as it stands there, one block after the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
import yaml

from avatar import AnimatorConfig
from avatar.dualtalk import DualTalk

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "dualtalk.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)


def test_a_model_is_built_called_written_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown: dict[str, object] = {"__name__": "document"}
    for code in blocks("python"):
        exec(compile(code, str(DOCUMENT), "exec"), shown)
    motion, again = shown["motion"], shown["again"]
    assert isinstance(motion, torch.Tensor) and motion.shape == (1, 50, 56)
    assert isinstance(again, DualTalk) and (tmp_path / "dualtalk.safetensors").is_file()


def test_the_configuration_shown_is_valid() -> None:
    (shown,) = blocks("yaml")
    assert AnimatorConfig.model_validate(yaml.safe_load(shown)["animator"]).name == "dualtalk"
