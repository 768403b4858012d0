"""Bakes motion into a GLB as an animation: shapes as one ``weights`` channel, head and eyes as rotations.

It adds to the file and leaves the rest of it as it is, so any GLB whose morph targets carry ARKit's names can
take an animation, not only the heads that this project builds. Linear interpolation, 25 frames a second.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from avatar.animator import FRAME_RATE, FloatArray
from avatar.formats.resample import seconds_of
from avatar.gltf.accessors import binary_only
from avatar.gltf.model import HeadError
from avatar.gltf.read import split, target_names
from avatar.gltf.write import container
from avatar.motion import NAMES, SHAPES, Column, MotionClip

_FLOAT: Final = 5126
_TURNING: Final = {
    "head": Column.headYaw,
    "eyeLeft": Column.leftEyeYaw,
    "eyeRight": Column.rightEyeYaw,
}  # nodes by name, and the first of the three angles that turn them


def quaternions(angles: FloatArray) -> FloatArray:
    """Unit quaternions x, y, z, w (T, 4) of intrinsic yaw (Y), pitch (X), roll (Z), (T, 3) radians.

    Neighbours lie in the same half of the sphere, so that viewers turn the short way between them.
    """
    half = np.asarray(angles, dtype=np.float64) / 2
    (sy, sp, sr), (cy, cp, cr) = np.sin(half).T, np.cos(half).T
    turned = np.stack(
        [
            cy * sp * cr + sy * cp * sr,
            sy * cp * cr - cy * sp * sr,
            cy * cp * sr - sy * sp * cr,
            cy * cp * cr + sy * sp * sr,
        ],
        axis=1,
    )
    flips = np.sum(turned[1:] * turned[:-1], axis=1) < 0
    turned[1:] *= np.where(np.cumsum(flips) % 2, -1, 1)[:, None]
    return turned.astype(np.float32)


def multiply(left: FloatArray, right: FloatArray) -> FloatArray:
    """Products of quaternions x, y, z, w (..., 4): the right one turns first."""
    (a, b, c, d), (e, f, g, h) = np.moveaxis(left, -1, 0), np.moveaxis(right, -1, 0)
    product = [d * e + a * h + b * g - c * f, d * f - a * g + b * h + c * e, d * g + a * f - b * e + c * h]
    return np.stack([*product, d * h - a * e - b * f - c * g], axis=-1).astype(np.float32)


def bake(data: bytes, clip: MotionClip, name: str, sound: str | None = None) -> bytes:
    """The GLB ``data`` with ``clip`` as its animation ``motion``; ``name`` is what errors call it.

    The animation's time 0 is pts 0. Every mesh with all of ARKit's shapes gets a ``weights`` channel, and the
    nodes head, eyeLeft and eyeRight, if there are any, turn about their own resting pose. ``sound`` is the
    name of a file beside it that starts together with the animation; it is noted in the animation's extras.
    Raises ``HeadError`` for a file without ARKit's shapes, or one that is damaged.
    """
    document, binary = split(data, name)
    try:
        binary_only(document, name)
        binary += bytes(-len(binary) % 4)
        track = _Track(document, binary)
        _animate(document, track, clip, name, sound)
        document["buffers"] = [{"byteLength": len(track.binary)}]
        return container(document, track.binary)
    except HeadError:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise HeadError(f"{name} is damaged: {type(error).__name__} {error}; export it again") from error


def write_animation(head: Path, clip: MotionClip, path: Path, sound: str | None = None) -> None:
    """Write the GLB ``head`` with ``clip`` baked in to ``path``, whole or not at all."""
    data = bake(head.read_bytes(), clip, head.name, sound)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


class _Track:
    """Grows a document by arrays."""

    def __init__(self, document: dict[str, Any], binary: bytes) -> None:
        self.binary = binary
        self._views: list[dict[str, Any]] = document.setdefault("bufferViews", [])
        self._accessors: list[dict[str, Any]] = document.setdefault("accessors", [])

    def add(self, values: FloatArray, kind: str, bounds: bool = False) -> int:
        """Append float32 values; returns their accessor."""
        data = np.ascontiguousarray(values, dtype="<f4").tobytes()
        self._views.append({"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data)})
        accessor: dict[str, Any] = {
            "bufferView": len(self._views) - 1,
            "componentType": _FLOAT,
            "count": values.size if kind == "SCALAR" else len(values),
            "type": kind,
        }
        if bounds:
            accessor |= {"min": [float(values.min())], "max": [float(values.max())]}
        self._accessors.append(accessor)
        self.binary += data
        return len(self._accessors) - 1


def _animate(document: dict[str, Any], track: _Track, clip: MotionClip, name: str, sound: str | None) -> None:
    seconds = seconds_of(clip).astype(np.float32)
    if np.any(np.diff(seconds) <= 0):
        raise HeadError(f"motion at pts {clip.pts[-1]} is too late for glTF's clock; number frames from 0")
    times = track.add(seconds, "SCALAR", bounds=True)
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []

    def channel(node: int, path: str, output: int) -> None:
        samplers.append({"input": times, "output": output, "interpolation": "LINEAR"})
        channels.append({"sampler": len(samplers) - 1, "target": {"node": node, "path": path}})

    weights: dict[int, int] = {}  # accessors by mesh, since several nodes may show the same one
    for node, mesh in _faces(document, name):
        if mesh not in weights:
            targets = target_names(document, mesh, name)
            weights[mesh] = track.add(_weights(clip, targets), "SCALAR")
        channel(node, "weights", weights[mesh])
    for node, entry in enumerate(document["nodes"]):
        first = _TURNING.get(entry.get("name", ""))
        if first is not None and "matrix" not in entry:
            rest = np.array(entry.get("rotation", (0, 0, 0, 1)), dtype=np.float32)
            turned = multiply(rest, quaternions(clip.motion[:, first : first + 3]))
            channel(node, "rotation", track.add(turned, "VEC4"))
    extras: dict[str, Any] = {"fps": FRAME_RATE}
    if sound is not None:
        extras |= {"sound": sound, "soundStartSeconds": 0.0}
    animation = {"name": "motion", "channels": channels, "samplers": samplers, "extras": extras}
    document.setdefault("animations", []).append(animation)


def _faces(document: dict[str, Any], name: str) -> list[tuple[int, int]]:
    """Nodes and meshes that have all of ARKit's shapes; raises ``HeadError`` about the best that there is."""
    named = [
        (node, int(entry["mesh"]))
        for node, entry in enumerate(document.get("nodes", []))
        if "mesh" in entry and document["meshes"][entry["mesh"]].get("extras", {}).get("targetNames")
    ]
    whole = [
        (node, mesh)
        for node, mesh in named
        if set(NAMES[:SHAPES]) <= set(document["meshes"][mesh]["extras"]["targetNames"])
    ]
    if not whole:
        target_names(document, named[0][1] if named else None, name)  # says what is missing
    return whole


def _weights(clip: MotionClip, targets: tuple[str, ...]) -> FloatArray:
    """Weights (T, targets) in the mesh's own order; targets that aren't ARKit's stay at 0."""
    weights = np.zeros((len(clip.motion), len(targets)), dtype=np.float32)
    for column, shape in enumerate(NAMES[:SHAPES]):
        weights[:, targets.index(shape)] = clip.motion[:, column]
    return weights
