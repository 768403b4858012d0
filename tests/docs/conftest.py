"""The examples in ``docs/examples``, importable as they are for whoever copies them."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
PIPECAT = ("pipecat-ai==1.14.0", "loguru==0.7.3", "loudness==0.2.0", "resampy==0.4.3", "sentencex==1.0.32")
"""Pipecat and what it lacks here. It asks for older soxr, soundfile and protobuf than this project has; what
the example needs of it works with these too, so it is installed beside them, without its dependencies.
"""


@pytest.fixture(scope="session", autouse=True)
def examples() -> Iterator[None]:
    sys.path.insert(0, str(EXAMPLES))
    yield
    sys.path.remove(str(EXAMPLES))


@pytest.fixture(scope="session")
def pipecat() -> None:
    """Pipecat, importable; skips where it can't be had."""
    # The end-of-turn model comes in its package, without what its code needs.
    if all(importlib.util.find_spec(name) is not None for name in ("pipecat", "loguru", "sentencex")):
        return
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    folder = cache / "visavis" / "examples" / f"{PIPECAT[0]}-python{version}"
    wanted = [*PIPECAT, "wait-for2==0.4.1"] if sys.version_info < (3, 12) else list(PIPECAT)
    if not (folder / "whole").is_file():
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
        ended = subprocess.run(
            [*install, "--target", str(folder), *wanted],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        if ended.returncode:
            pytest.skip(f"Pipecat can't be installed: {ended.stderr.strip().splitlines()[-1]}")
        (folder / "whole").touch()
    sys.path.append(str(folder))
