"""A contact sheet of a head: every shape, and ten expressions made of several."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from avatar.gltf import HeadModel
from avatar.motion import NAMES, SHAPES, Column, Motion, neutral
from avatar.video.fonts import font_path
from avatar.video.stage import Place, Stage

EXPRESSIONS: Final[dict[str, dict[str, float]]] = {
    "smile": {"mouthSmile": 0.6, "cheekSquint": 0.35, "eyeSquint": 0.2},
    "laugh": {"mouthSmile": 0.9, "jawOpen": 0.35, "cheekSquint": 0.7, "eyeSquint": 0.4, "mouthUpperUp": 0.4},
    "surprise": {"jawOpen": 0.4, "eyeWide": 0.9, "browInnerUp": 0.9, "browOuterUp": 0.8},
    "anger": {"browDown": 1.0, "noseSneer": 0.6, "mouthPress": 0.5, "eyeSquint": 0.4, "mouthFrown": 0.3},
    "sadness": {"browInnerUp": 1.0, "mouthFrown": 0.8, "eyeBlink": 0.25, "mouthShrugLower": 0.3},
    "thinking": {
        "eyeLookUp": 0.7,
        "browOuterUpLeft": 0.6,
        "mouthLeft": 0.35,
        "mouthPress": 0.4,
        "headRoll": 0.1,
    },
    "says /a/": {"jawOpen": 0.55, "mouthLowerDown": 0.4, "mouthUpperUp": 0.15},
    "says /o/": {"jawOpen": 0.3, "mouthFunnel": 0.8, "mouthPucker": 0.3},
    "says /f/": {"jawOpen": 0.08, "mouthRollLower": 0.7, "mouthUpperUp": 0.4},
    "wink": {"eyeBlinkLeft": 1.0, "cheekSquintLeft": 0.7, "mouthSmileLeft": 0.5, "headRoll": -0.08},
}


def motion_of(weights: dict[str, float]) -> Motion:
    """The motion (61,) with these columns set; a name without its side means both."""
    motion = neutral()
    for name, weight in weights.items():
        for column in [name] if name in NAMES else [f"{name}Left", f"{name}Right"]:
            motion[Column[column]] = weight
    if weights.get("eyeLookUp"):
        motion[[Column.leftEyePitch, Column.rightEyePitch]] = -0.35
    return motion


def draw_sheet(head: HeadModel, path: Path, tile: int = 150, columns: int = 9) -> None:
    """Write the sheet as a PNG; raises ``DrawingUnavailable``."""
    poses = {name: motion_of({name: 1.0}) for name in NAMES[:SHAPES]}
    poses["mouthClose"] = motion_of(
        {"mouthClose": 0.6, "jawOpen": 0.6}
    )  # it only means something with the jaw
    poses |= {name: motion_of(weights) for name, weights in EXPRESSIONS.items()}
    stage = Stage((head,), (Place(),), (2 * tile, 2 * tile), framing=0.24)
    rows = -(-len(poses) // columns)
    sheet = Image.new("RGB", (columns * tile, rows * tile))
    pen = ImageDraw.Draw(sheet)
    letters = ImageFont.truetype(str(font_path()), 12)
    try:
        for index, (name, motion) in enumerate(poses.items()):
            corner = (index % columns * tile, index // columns * tile)
            picture = Image.fromarray(np.asarray(stage.draw(motion)))
            sheet.paste(picture.resize((tile, tile), Image.Resampling.LANCZOS), corner)
            pen.text((corner[0] + 5, corner[1] + tile - 17), name, font=letters, fill=(235, 238, 242))
    finally:
        stage.close()
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(256).save(path, optimize=True)
