"""Motion as a VRM animation (``.vrma``, VRMC_vrm_animation 1.0): expressions, head, and where the eyes look.

An expression is a node whose translation along X is its weight; gaze is the rotation of a node of its own.
The body stays as it is: only the head turns. Specification:
https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_vrm_animation-1.0
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from avatar.animator import FloatArray
from avatar.formats.resample import seconds_of
from avatar.gltf.bake import quaternions
from avatar.gltf.write import GltfBuffer, finish
from avatar.motion import HEAD, Column, MotionClip
from avatar.vrm.expressions import expression_weights
from avatar.vrm.model import LOOKS, PRESETS, PRESETS_ONLY, VrmModel

_HIPS: Final = [0.0, 1.0, 0.0]  # metres: a skeleton at rest that nothing depends on but must stand upright
_HEAD: Final = [0.0, 0.5, 0.0]
_EYES: Final = [0.0, 0.06, 0.03]


def vrm_animation_bytes(clip: MotionClip, model: VrmModel = PRESETS_ONLY) -> bytes:
    """The ``.vrma`` file of ``clip`` for ``model``, or with the presets that any VRM may be expected to have.

    The animation's time 0 is pts 0. Raises ``MotionError`` for motion that isn't valid.
    """
    buffer = GltfBuffer()
    times = buffer.add(seconds_of(clip).astype(np.float32), bounds=True)
    nodes: list[dict[str, Any]] = [
        {"name": "hips", "translation": _HIPS, "children": [1]},
        {"name": "head", "translation": _HEAD},
        {"name": "lookAt"},
    ]
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []

    def channel(node: int, path: str, values: FloatArray) -> None:
        samplers.append({"input": times, "output": buffer.add(values), "interpolation": "LINEAR"})
        channels.append({"sampler": len(samplers) - 1, "target": {"node": node, "path": path}})

    channel(1, "rotation", quaternions(clip.motion[:, HEAD]))
    eyes = clip.motion[:, Column.leftEyeYaw :].reshape(-1, 2, 3).mean(axis=1)
    eyes[:, 2] = 0  # a gaze has no roll
    channel(2, "rotation", quaternions(eyes))
    expressions: dict[str, dict[str, Any]] = {}
    for name, weights in expression_weights(clip.motion, model).items():
        if name in LOOKS:
            continue  # an animation may only look by its gaze node; models turn that into their look*
        kind = "preset" if name in PRESETS else "custom"
        expressions.setdefault(kind, {})[name] = {"node": len(nodes)}
        along_x = np.zeros((len(weights), 3), dtype=np.float32)
        along_x[:, 0] = weights
        channel(len(nodes), "translation", along_x)
        nodes.append({"name": name})
    extension: dict[str, Any] = {
        "specVersion": "1.0",
        "humanoid": {"humanBones": {"hips": {"node": 0}, "head": {"node": 1}}},
        "lookAt": {"node": 2, "offsetFromHeadBone": _EYES},
        "expressions": expressions,
    }
    document = {
        "asset": {"version": "2.0", "generator": "vis-a-vis"},
        "extensionsUsed": ["VRMC_vrm_animation"],
        "extensions": {"VRMC_vrm_animation": extension},
        "scene": 0,
        "scenes": [{"nodes": [0, *range(2, len(nodes))]}],
        "nodes": nodes,
        "animations": [{"name": "motion", "channels": channels, "samplers": samplers}],
    }
    return finish(document, buffer)


def write_vrm_animation(clip: MotionClip, path: Path, model: VrmModel = PRESETS_ONLY) -> None:
    """Write a ``.vrma`` file, whole or not at all."""
    data = vrm_animation_bytes(clip, model)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)
