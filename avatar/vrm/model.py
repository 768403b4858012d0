"""What a VRM 1.0 file offers to motion: expressions, how its eyes look, bones.

Specification: https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_vrm-1.0
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from avatar.gltf.model import HeadError
from avatar.gltf.read import split
from avatar.motion import NAMES, SHAPES

VOWELS: Final = ("aa", "ih", "ou", "ee", "oh")
LOOKS: Final = ("lookUp", "lookDown", "lookLeft", "lookRight")
PRESETS: Final = (
    *VOWELS, "blink", "blinkLeft", "blinkRight", *LOOKS,
    "happy", "angry", "sad", "relaxed", "surprised", "neutral",
)  # fmt: skip
BONES: Final = ("head", "leftEye", "rightEye")
LookAt: TypeAlias = Literal["bone", "expression"]

_BY_LOWER_CASE: Final = {name.lower(): name for name in NAMES[:SHAPES]}


@dataclass(frozen=True)
class VrmModel:
    """``presets`` that the model has; ``perfect_sync``: its custom expressions named like ARKit's shapes.

    ``perfect_sync`` maps ARKit's name to the model's spelling (``EyeBlinkLeft`` counts too). ``look_at`` says
    whether eyes turn by bones or by the presets look*; ``bones`` holds node indices of those in ``BONES``.
    """

    name: str
    presets: frozenset[str]
    perfect_sync: dict[str, str]
    look_at: LookAt | None
    bones: dict[str, int]


PRESETS_ONLY: Final = VrmModel(
    name="any VRM", presets=frozenset(PRESETS), perfect_sync={}, look_at="bone", bones={}
)
"""What may be expected of a VRM that isn't known."""


def read_vrm(path: Path) -> VrmModel:
    """Read what a ``.vrm`` file offers; raises ``HeadError`` for other files and for VRM 0.x."""
    document, _ = split(path.read_bytes(), path.name)
    try:
        return _model(document, path)
    except HeadError:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise HeadError(f"{path.name} is no VRM that can be read: {type(error).__name__} {error}") from error


def _model(document: dict[str, Any], path: Path) -> VrmModel:
    extensions = document.get("extensions", {})
    if "VRMC_vrm" not in extensions:
        if "VRM" in extensions:
            raise HeadError(f"{path.name} is VRM 0.x; convert it to VRM 1.0, for instance with UniVRM")
        raise HeadError(f"{path.name} is no VRM: it has no extension VRMC_vrm")
    vrm = extensions["VRMC_vrm"]
    version = vrm["specVersion"]
    if version not in ("1.0", "1.0-beta"):
        raise HeadError(f"{path.name} is VRM {version}; 1.0 is understood")
    expressions = vrm.get("expressions", {})
    bones = vrm.get("humanoid", {}).get("humanBones", {})
    nodes = len(document.get("nodes", []))
    found = {name: int(bones[name]["node"]) for name in BONES if name in bones}
    for name, node in found.items():
        if not 0 <= node < nodes:
            raise HeadError(f"{path.name} names node {node} as its {name} and has {nodes} nodes")
    look_at = vrm.get("lookAt", {}).get("type")
    if look_at not in (None, "bone", "expression"):
        raise HeadError(f"{path.name} looks by {look_at!r}; VRM knows bone and expression")
    return VrmModel(
        name=str(vrm.get("meta", {}).get("name", path.stem)),
        presets=frozenset(expressions.get("preset", {})) & frozenset(PRESETS),
        perfect_sync={
            _BY_LOWER_CASE[name.lower()]: name
            for name in expressions.get("custom", {})
            if name.lower() in _BY_LOWER_CASE
        },
        look_at=look_at,
        bones=found,
    )
