"""What the documents show works as shown: code runs, commands and options exist, links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
import typer.main

from avatar import MotionClip, write_motion
from orchestration.cli import app

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "docs" / "embedding.md", ROOT / "docs" / "engines.md"]


def blocks(document: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", document.read_text(), re.DOTALL | re.MULTILINE)


CODE = [
    pytest.param(code, id=f"{document.stem}-{number}")
    for document in DOCUMENTS
    for number, code in enumerate(blocks(document), 1)
]
COMMANDS = sorted(
    {
        found
        for document in DOCUMENTS
        for found in re.findall(
            r"(?<=`)visavis [a-z][^`]*(?=`)|^visavis .*$", document.read_text(), re.MULTILINE
        )
    }
)


@pytest.mark.parametrize("code", CODE)
def test_code_in_the_documents_runs(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_motion("motion.npz", MotionClip.of(np.zeros((5, 61), np.float32)))
    exec(compile(code, "document", "exec"), {"__name__": "document"})
    if "print" in code:
        assert capsys.readouterr().out.strip() in ("(61,)", "1")


def test_the_library_is_used_in_ten_lines() -> None:
    assert len(blocks(DOCUMENTS[0])[0].strip().splitlines()) <= 10


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_in_the_documents_exist_with_their_options(command: str) -> None:
    name, *arguments = shlex.split(command)[1:]
    group = typer.main.get_command(app)
    assert isinstance(group, click.Group) or hasattr(group, "commands")
    known = group.commands[name]  # type: ignore[attr-defined]
    options = {
        option for parameter in known.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    used = {argument for argument in arguments if argument.startswith("-")}
    assert used <= options, f"{sorted(used - options)} of {command!r}"
    if len(arguments) > 1:
        known.make_context(name, arguments)


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "docs" / "decisions" / "embedding-examples.md"])
def test_links_in_the_documents_lead_to_files(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
        assert (document.parent / target).exists(), target
