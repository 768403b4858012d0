"""The models that the engines' own libraries can download, known without importing these libraries."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from orchestration.models.errors import InstallError
from orchestration.models.registry import Role


def library_names(role: Role) -> frozenset[str]:
    """Names that the library behind ``role`` could download; empty where no library does."""
    match role:
        case "recognizer":
            return frozenset(_whisper_urls())
        case "synthesizer":
            return frozenset(_coqui_models())
    return frozenset()


def is_downloaded(name: str, role: Role) -> bool:
    """Whether the library's own cache already holds ``name``."""
    if role == "recognizer":
        return (whisper_cache() / Path(_whisper_urls()[name]).name).is_file()
    return any(_has_checkpoint(folder) for folder in _coqui_folders(name))


def download(name: str, role: Role) -> None:
    """Let the library download ``name`` to its own cache, with its own progress bar.

    Raises ``InstallError`` when the library can't, usually for want of a network.
    """
    try:
        if role == "recognizer":
            import whisper

            whisper._download(_whisper_urls()[name], str(whisper_cache()), False)
        else:
            from TTS.utils.manage import ModelManager

            ModelManager(progress_bar=True).download_model(name)
    except (
        OSError,
        RuntimeError,
        EOFError,
    ) as error:  # EOFError: terms to accept, and nobody at the terminal
        reason = f"the download failed: {str(error).strip() or type(error).__name__}"
        raise InstallError(
            name, reason, "connect to the network, or give the path of a local copy"
        ) from error


def whisper_cache() -> Path:
    """The folder that ``whisper.load_model`` downloads to."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "whisper"


@cache
def _whisper_urls() -> dict[str, str]:
    source = _package_file("whisper", "__init__.py")
    if source is None:
        return {}
    for statement in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "_MODELS":
            return dict(ast.literal_eval(statement.value))
    return {}


@cache
def _coqui_models() -> dict[str, dict[str, object]]:
    source = _package_file("TTS", ".models.json")
    if source is None:
        return {}
    languages = json.loads(source.read_text(encoding="utf-8")).get("tts_models", {})
    return {
        f"tts_models/{language}/{dataset}/{model}": item
        for language, datasets in languages.items()
        for dataset, models in datasets.items()
        for model, item in models.items()
    }


def _coqui_folders(name: str) -> Iterator[Path]:
    repository = _coqui_models()[name].get("repo_id")
    if isinstance(repository, str):  # downloaded through the Hugging Face hub, to the hub's cache
        home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
        hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
        yield from (hub / f"models--{repository.replace('/', '--')}" / "snapshots").glob("*")
    if folder := os.environ.get("TTS_HOME") or os.environ.get("XDG_DATA_HOME"):
        home = Path(folder).expanduser()
    elif sys.platform == "darwin":
        home = Path.home() / "Library" / "Application Support"
    else:
        home = Path.home() / ".local" / "share"
    yield home / "tts" / name.replace("/", "--")


def _has_checkpoint(folder: Path) -> bool:
    return any(folder.glob("*.pth")) or any(folder.glob("*.pt"))


def _package_file(package: str, file: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(next(iter(spec.submodule_search_locations))) / file
    return path if path.is_file() else None
