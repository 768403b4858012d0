"""Where the built heads lie: in the user's cache, built when first asked for."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from avatar.head.detail import DETAILS, DetailName
from avatar.head.identity import IDENTITIES
from avatar.head.missing import HeadMissing

HEADS: tuple[str, ...] = tuple(IDENTITIES)

__all__ = ["HEADS", "HeadMissing", "head_path"]


def head_path(name: str, data: Path | None = None, *, detail: DetailName = "full") -> Path:
    """The GLB of the head ``name``, built if it isn't there; a few seconds the first time.

    ``data`` is the folder that it is built from, by default the installed package's. ``detail`` "light" is
    the same person in a quarter of the triangles, for drawing without a graphics card.

    Raises ``HeadMissing`` naming the remedy, also for a name that isn't one of ``HEADS``.
    """
    if name not in IDENTITIES:
        raise HeadMissing(f"there is no head {name!r}; heads: {', '.join(HEADS)}")
    if detail not in DETAILS:
        raise HeadMissing(f"there is no head of detail {detail!r}; details: {', '.join(DETAILS)}")
    kind = "" if detail == "full" else f"-{detail}"
    path = _cache() / f"{name}{kind}-{_EDITION}.glb"
    if not path.is_file():
        from avatar.gltf import write_head
        from avatar.head.build import build_head
        from avatar.head.source import BodySource

        source = BodySource.installed() if data is None else BodySource(data)
        model = build_head(IDENTITIES[name], source, DETAILS[detail])
        path.parent.mkdir(parents=True, exist_ok=True)
        write_head(model, path)
    return path


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "visavis" / "heads"


def _edition() -> str:
    """Changes whenever the code that builds heads does; the data's version is pinned."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for source in sorted([*here.glob("*.py"), *(here.parent / "gltf").glob("*.py")]):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


_EDITION = _edition()  # of the code as it is now: it may be edited while this process lives
