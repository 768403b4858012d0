"""Builds the heads: ``python -m avatar.head [--contact-sheet FOLDER]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from avatar.head import HEADS, HeadMissing, head_path


def main() -> int:
    """Build every head that isn't built yet, and say where it lies."""
    parser = argparse.ArgumentParser(prog="python -m avatar.head", description=__doc__)
    parser.add_argument(
        "--contact-sheet", type=Path, metavar="FOLDER", help="also draw all shapes, one PNG a head"
    )
    options = parser.parse_args()
    try:
        paths = {name: head_path(name) for name in HEADS}
        light = {f"{name} (light)": head_path(name, detail="light") for name in HEADS}
    except HeadMissing as error:
        print(error, file=sys.stderr)
        return 1
    for name, path in (paths | light).items():
        print(f"{name}: {path} ({path.stat().st_size / 1e6:.1f} MB)")
    if options.contact_sheet is not None:
        from avatar.gltf import read_head
        from avatar.head.sheet import draw_sheet
        from avatar.video.stage import DrawingUnavailable

        try:
            for name, path in paths.items():
                draw_sheet(read_head(path), options.contact_sheet / f"{name}.png")
        except DrawingUnavailable as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
