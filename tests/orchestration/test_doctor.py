"""The doctor finds what is broken in real environments, and says all of it at once."""

from __future__ import annotations

import importlib.metadata
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.doctor import Check, State, examine
from orchestration.doctor.imports import check_imports
from orchestration.doctor.machine import check_cores, check_disk, check_espeak, check_memory, check_port
from orchestration.doctor.names import HOME, ROOMS, check_names
from orchestration.doctor.packages import check_packages, check_python

VISAVIS = Path(sys.executable).with_name("visavis")


def install_rival(site: Path, name: str = "openai-agents", top_level: bool = True) -> Path:
    """What pip leaves behind for a distribution that carries a package called ``agents``."""
    (site / "agents").mkdir(parents=True)
    (site / "agents" / "__init__.py").write_text('"""Somebody else\'s agents."""\n')
    info = site / f"{name.replace('-', '_')}-0.4.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.4\n")
    (info / "RECORD").write_text(f"agents/__init__.py,,\n{info.name}/METADATA,,\n{info.name}/RECORD,,\n")
    if top_level:
        (info / "top_level.txt").write_text("agents\n")
    return site


def by_subject(checks: list[Check]) -> dict[str, Check]:
    return {check.subject: check for check in checks}


def test_a_sound_environment_owns_its_names() -> None:
    assert [check.state for check in check_names([str(HOME), *sys.path])] == [State.OK] * len(ROOMS)


@pytest.mark.parametrize("top_level", [True, False])
@pytest.mark.parametrize("first", [True, False])
def test_another_distribution_with_our_name_is_found_whether_or_not_it_hides_us(
    tmp_path: Path, first: bool, top_level: bool
) -> None:
    site = install_rival(tmp_path, top_level=top_level)
    path = [str(site), str(HOME)] if first else [str(HOME), str(site)]
    checks = by_subject(check_names(path))
    rival = checks["import name agents"]
    assert rival.state is State.FAILED
    assert "openai-agents" in rival.detail
    assert str((site if first else HOME) / "agents") in rival.detail
    assert "pip uninstall openai-agents" in rival.fix
    assert [checks[f"import name {room}"].state for room in ROOMS[1:]] == [State.OK] * 3


def test_a_folder_that_hides_a_room_is_found_without_any_distribution(tmp_path: Path) -> None:
    (tmp_path / "speech").mkdir()
    (tmp_path / "speech" / "__init__.py").touch()
    check = by_subject(check_names([str(tmp_path), str(HOME)]))["import name speech"]
    assert check.state is State.FAILED
    assert str(tmp_path / "speech") in check.detail


def test_a_room_that_cannot_be_imported_is_found(tmp_path: Path) -> None:
    assert {check.state for check in check_names([str(tmp_path)])} == {State.FAILED}


@pytest.mark.slow
def test_the_command_names_the_rival_and_exits_with_1(tmp_path: Path) -> None:
    site = install_rival(tmp_path / "site")
    done = subprocess.run(
        [VISAVIS, "doctor", "--json"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert report["ok"] is False
    checks = {check["subject"]: check for check in report["checks"]}
    assert checks["import name agents"]["state"] == "failed"
    assert checks["configuration default"]["state"] == "skipped"
    assert [subject for subject, check in checks.items() if check["state"] == "failed"] == [
        "import name agents"
    ]


def test_requirements_out_of_range_and_absent_are_each_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "visavis-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: visavis\nVersion: 0.1.0\n"
        "Requires-Dist: numpy<1\nRequires-Dist: no-such-package>=2\nRequires-Dist: pydantic>=2\n"
        "Requires-Dist: never; python_version < '3'\nRequires-Dist: uninstalled; extra == 'dev'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    checks = by_subject(check_packages())
    assert checks["packages"].detail == "1 of 3 requirements met"
    assert "<1 is needed" in checks["package numpy"].detail
    assert checks["package no-such-package"].fix == "pip install 'no-such-package>=2'"
    assert len(checks) == 3


def test_the_installed_requirements_are_met() -> None:
    assert [check.state for check in check_packages()] == [State.OK]
    assert check_python().state is State.OK


def test_a_distribution_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", absent)
    assert check_packages()[0].state is State.FAILED


def test_libraries_that_break_are_told_apart_and_one_that_dies_ends_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sound.py").write_text("__version__ = '3'")
    (tmp_path / "broken.py").write_text("raise OSError('libcudart.so.13: cannot open shared object file')")
    (tmp_path / "deadly.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    checks, gpu = check_imports(("sound", "broken", "deadly", "json"))
    states = {check.subject: (check.state, check.detail) for check in checks}
    assert states["import sound"][0] is State.OK
    assert states["import broken"] == (
        State.FAILED,
        "OSError: libcudart.so.13: cannot open shared object file",
    )
    assert states["import deadly"] == (State.FAILED, "the process died with code -11")
    assert "import json" not in states
    assert gpu == {}


def test_a_port_in_use_is_a_warning_with_the_way_out() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        check = check_port("127.0.0.1", port)
        assert check.state is State.WARNING
        assert "in use" in check.detail
        assert "gateway.port" in check.fix
    assert check_port("127.0.0.1", port).state is State.OK
    assert check_port("no.such.host.invalid", 1).state is State.WARNING


def test_the_machine_is_described() -> None:
    for check in (check_cores(), check_memory(), check_disk()):
        assert check.state in {State.OK, State.WARNING}
        assert any(character.isdigit() for character in check.detail)
    assert check_espeak().state is State.OK


def test_problems_of_a_configuration_and_its_models_come_together(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("persona: mira\ngatway: {}\nrecognizer: {model: tiny.e}\n")
    failed = [check for check in examine(str(path), quick=True) if check.state is State.FAILED]
    assert len(failed) == 4
    assert all(f"{path}:" in check.detail for check in failed)
    assert {"did you mean `gateway`?", "did you mean tiny.en?"} <= {check.fix for check in failed}


def test_missing_models_and_a_missing_gpu_are_said_with_their_fixes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("TTS_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    checks = by_subject(examine("gpu", quick=True))
    assert checks["model large-v3-turbo"].fix == "visavis models install large-v3-turbo"
    assert checks["model silero-vad"].state is State.OK
    assert checks["gpu"].state is State.SKIPPED


def test_the_command_prints_every_check_and_its_exit_code_follows(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("persona: [brackets]\n")
    runner = CliRunner()
    table = runner.invoke(app, ["doctor", "--quick", "--config", str(path)])
    assert table.exit_code == 1
    assert "to repair" in table.output
    report = runner.invoke(app, ["doctor", "--quick", "--json"])
    assert report.exit_code == 0, report.output
    assert json.loads(report.output)["ok"] is True


def test_expected_errors_are_one_line_without_a_traceback_and_exit_with_2() -> None:
    done = subprocess.run(
        [VISAVIS, "models", "install", "tiny.e"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "error: model tiny.e: unknown; fix: did you mean tiny.en?\n"


def test_help_loads_no_engine_and_no_server() -> None:
    program = (
        "import sys; sys.argv = ['visavis', '--help']\n"
        "from orchestration.cli import main\n"
        "try: main()\n"
        "finally: sys.exit(' '.join({'numpy', 'torch', 'ray', 'fastapi', 'pydantic'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
    assert "doctor" in done.stdout
