"""Where the packaged YAML files lie: beside the rooms in a checkout, inside this package in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def configs_folder() -> Path:
    """Folder of ``default.yaml``, ``models.yaml`` and ``personas/``.

    Raises ``FileNotFoundError`` when neither place has it, which means a broken installation.
    """
    for folder in (_PACKAGE / "configs", _PACKAGE.parent / "configs"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"no configs folder in {_PACKAGE} or beside it; reinstall visavis")


def packaged_names(subfolder: str = "") -> list[str]:
    """Names (without ``.yaml``) of the packaged files, sorted; ``subfolder`` such as ``personas``."""
    return sorted(path.stem for path in (configs_folder() / subfolder).glob("*.yaml"))
