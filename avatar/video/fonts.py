"""The font that pictures are lettered in: DejaVu Sans, which comes with matplotlib."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def font_path(bold: bool = False) -> Path:
    """The font's file."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return Path(str(files("matplotlib") / "mpl-data" / "fonts" / "ttf" / name))
