"""The wheel is whole: installed into a clean environment, it works far from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
ROOMS = ("agents", "avatar", "orchestration", "speech")

pytestmark = pytest.mark.slow


def run(command: list[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=240
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the installed hatchling without any download."""
    folder = tmp_path_factory.mktemp("dist")
    built = run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, CHECKOUT], CHECKOUT
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("visavis-*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean virtual environment with the wheel; its dependencies are those that are installed here."""
    folder = tmp_path_factory.mktemp("a place with spaces") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    site = run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder
    ).stdout.strip()
    # A plain path in a .pth file adds that folder, not the .pth files in it: the editable checkout stays out.
    Path(site, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    # --target, since a plain install would first uninstall the checkout that it sees through that path.
    options = ["--quiet", "--no-deps", "--no-index", "--target", site]
    installed = run([sys.executable, "-m", "pip", "install", *options, wheel], folder)
    assert installed.returncode == 0, installed.stderr
    return python


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    assert CHECKOUT not in tmp_path.parents
    return tmp_path


def test_the_wheel_holds_the_rooms_and_the_configurations_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(ROOMS)
    assert {
        f"orchestration/configs/{name}.yaml" for name in ("default", "gpu", "models", "personas/mira")
    } <= set(names)
    page = {name for name in names if name.startswith("orchestration/page/")}
    built = CHECKOUT / "web" / "dist" / "index.html"
    assert ("orchestration/page/index.html" in page) is built.is_file(), "the page, if it was built"
    in_checkout = {
        str(path.relative_to(CHECKOUT))
        for room in ROOMS
        for path in (CHECKOUT / room).rglob("*.py")
        if "__pycache__" not in path.parts
    }
    assert in_checkout <= set(names)


def test_help_answers_from_the_installed_wheel(environment: Path, elsewhere: Path) -> None:
    done = run([environment, "-m", "orchestration.cli", "--help"], elsewhere)
    assert done.returncode == 0, done.stderr
    assert "doctor" in done.stdout
    assert "models" in done.stdout


def test_the_packaged_configuration_loads_from_the_wheel_with_its_models(
    environment: Path, elsewhere: Path
) -> None:
    program = (
        "from orchestration.configuration import configs_folder, load_configuration, resolve_models\n"
        "print(resolve_models(load_configuration('default')).recognizer.model)\n"
        "print(configs_folder())\n"
    )
    done = run([environment, "-c", program], elsewhere)
    assert done.returncode == 0, done.stderr
    model, configs = done.stdout.splitlines()
    assert Path(model).is_dir()
    assert configs.endswith("orchestration/configs")
    assert str(CHECKOUT) not in configs


def test_the_doctor_finds_the_rooms_of_the_wheel(environment: Path, elsewhere: Path) -> None:
    done = run([environment, "-m", "orchestration.cli", "doctor", "--quick", "--json"], elsewhere)
    report = json.loads(done.stdout)
    checks = {check["subject"]: check for check in report["checks"]}
    assert [checks[f"import name {room}"]["state"] for room in ROOMS] == ["ok"] * len(ROOMS)
    assert all(str(CHECKOUT) not in checks[f"import name {room}"]["detail"] for room in ROOMS)
    assert report["ok"] is True, report
    assert done.returncode == 0
