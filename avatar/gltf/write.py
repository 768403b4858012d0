"""Writes a head as a glTF 2.0 binary: one skinned mesh with morph targets, hair, and two eyes that turn.

Morph targets are sparse accessors, since most shapes move a small part of the face; as 16-bit metres
(KHR_mesh_quantization). Specification:
https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.gltf.model import HeadModel, Material, Part

FLOAT: Final = 5126
BYTE: Final = 5120
SHORT: Final = 5122
UNSIGNED_BYTE: Final = 5121
UNSIGNED_SHORT: Final = 5123
UNSIGNED_INT: Final = 5125
_COMPONENTS = {
    np.dtype(np.float32): FLOAT,
    np.dtype(np.int8): BYTE,
    np.dtype(np.int16): SHORT,
    np.dtype(np.uint8): UNSIGNED_BYTE,
    np.dtype(np.uint16): UNSIGNED_SHORT,
    np.dtype(np.uint32): UNSIGNED_INT,
}
_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_STILL = 4e-5  # metres: smaller offsets aren't worth their bytes
_MAGIC, _JSON, _BIN = 0x46546C67, 0x4E4F534A, 0x004E4942


class GltfBuffer:
    """The binary chunk and the accessors into it."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._length = 0
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, values: NDArray[Any], *, bounds: bool = False, normalized: bool = False) -> int:
        """Append an array (N,) or (N, channels); returns its accessor."""
        accessor = self._describe(values)
        accessor["bufferView"] = self._view(values)
        if bounds:
            accessor["min"] = np.atleast_1d(values.min(axis=0)).tolist()
            accessor["max"] = np.atleast_1d(values.max(axis=0)).tolist()
        if normalized:
            accessor["normalized"] = True
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def add_offsets(self, columns: Sequence[NDArray[Any]], moving: NDArray[np.bool_]) -> list[int]:
        """Append arrays (N, 3) of signed integers, -1..1, of which only the rows ``moving`` (N,) aren't zero.

        Returns their accessors.
        """
        places = np.flatnonzero(moving)
        indices = places.astype(np.uint16 if len(moving) <= 0xFFFF else np.uint32)
        view = self._view(indices) if places.size else None
        for values in columns:
            accessor = self._describe(values) | {"normalized": True}
            kept = np.where(moving[:, None], values, 0)
            accessor["min"], accessor["max"] = kept.min(axis=0).tolist(), kept.max(axis=0).tolist()
            if view is not None:
                accessor["sparse"] = {
                    "count": len(places),
                    "indices": {"bufferView": view, "componentType": _COMPONENTS[indices.dtype]},
                    "values": {"bufferView": self._view(values[places])},
                }
            self.accessors.append(accessor)
        return list(range(len(self.accessors) - len(columns), len(self.accessors)))

    @property
    def data(self) -> bytes:
        """The binary chunk so far."""
        return b"".join(self._chunks)

    def _describe(self, values: NDArray[Any]) -> dict[str, Any]:
        channels = int(np.prod(values.shape[1:]))
        return {
            "componentType": _COMPONENTS[values.dtype],
            "count": len(values),
            "type": _TYPES[channels],
        }

    def _view(self, values: NDArray[Any]) -> int:
        data = np.ascontiguousarray(values).tobytes()
        self.views.append({"buffer": 0, "byteOffset": self._length, "byteLength": len(data)})
        padded = data + bytes(-len(data) % 4)
        self._chunks.append(padded)
        self._length += len(padded)
        return len(self.views) - 1


def container(document: dict[str, Any], binary: bytes) -> bytes:
    """A GLB file of a glTF document and its binary chunk."""
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    binary += bytes(-len(binary) % 4)
    total = 12 + 8 + len(text) + 8 + len(binary)
    return b"".join(
        [
            struct.pack("<III", _MAGIC, 2, total),
            struct.pack("<II", len(text), _JSON),
            text,
            struct.pack("<II", len(binary), _BIN),
            binary,
        ]
    )


def describe(head: HeadModel, buffer: GltfBuffer) -> dict[str, Any]:
    """The glTF document of ``head``, its arrays appended to ``buffer``; the caller adds ``buffers``.

    Nodes by index: 0 root, 1 face (mesh, skinned), 2 shoulders, 3 head, 4 hair, 5 eyeLeft, 6 eyeRight.
    """
    materials: dict[str, int] = {}
    documents: list[dict[str, Any]] = []
    for part in head.parts:
        if part.material.name not in materials:
            materials[part.material.name] = len(documents)
            documents.append(_material(part.material))
    face = [_primitive(part, buffer, materials) for part in head.parts if part.node == "face"]
    inverse = np.stack([_translation(-np.zeros(3)), _translation(-head.pivot)])
    nodes: list[dict[str, Any]] = [
        {"name": "root", "children": [1, 2]},
        {"name": "face", "mesh": 0, "skin": 0},
        {"name": "shoulders", "children": [3]},
        {"name": "head", "translation": _list(head.pivot), "children": [4, 5, 6]},
        {"name": "hair", "mesh": 1},
        {"name": "eyeLeft", "mesh": 2, "translation": _list(head.eye_left - head.pivot)},
        {"name": "eyeRight", "mesh": 3, "translation": _list(head.eye_right - head.pivot)},
    ]
    meshes: list[dict[str, Any]] = [
        {
            "name": "face",
            "primitives": face,
            "weights": [0.0] * len(head.target_names),
            "extras": {"targetNames": list(head.target_names)},
        }
    ]
    for node in ("hair", "eyeLeft", "eyeRight"):
        parts = [_primitive(part, buffer, materials) for part in head.parts if part.node == node]
        meshes.append({"name": node, "primitives": parts})
    return {
        "asset": {"version": "2.0", "generator": "vis-a-vis", "copyright": "CC0 1.0"},
        "extensionsUsed": ["KHR_mesh_quantization"],
        "extensionsRequired": ["KHR_mesh_quantization"],
        "scene": 0,
        "scenes": [{"name": head.name, "nodes": [0]}],
        "nodes": nodes,
        "meshes": meshes,
        "skins": [{"joints": [2, 3], "inverseBindMatrices": buffer.add(inverse), "skeleton": 2}],
        "materials": documents,
    }


def finish(document: dict[str, Any], buffer: GltfBuffer) -> bytes:
    """The GLB of a document whose arrays are all in ``buffer``."""
    data = buffer.data
    return container(
        document
        | {
            "buffers": [{"byteLength": len(data)}],
            "bufferViews": buffer.views,
            "accessors": buffer.accessors,
        },
        data,
    )


def head_bytes(head: HeadModel) -> bytes:
    """The head as a GLB; the same head gives the same bytes."""
    buffer = GltfBuffer()
    return finish(describe(head, buffer), buffer)


def write_head(head: HeadModel, path: Path) -> None:
    """Write the head to ``path``, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(head_bytes(head))
    part.replace(path)


def _primitive(part: Part, buffer: GltfBuffer, materials: dict[str, int]) -> dict[str, Any]:
    count = len(part.positions)
    indices = part.triangles.ravel()
    # Linear light needs more than a byte where it is dark, except for hair, which is a third of the file.
    depth = np.dtype(np.uint8 if part.node == "hair" else np.uint16)
    colours = np.round(np.clip(part.colours, 0, 1) * np.iinfo(str(depth)).max).astype(depth)
    attributes = {
        "POSITION": buffer.add(part.positions, bounds=True),
        "NORMAL": buffer.add(_unit(part.normals)),
        "COLOR_0": buffer.add(colours, normalized=True),
    }
    primitive: dict[str, Any] = {
        "attributes": attributes,
        "indices": buffer.add(indices.astype(np.uint16) if count <= 0xFFFF else indices),
        "material": materials[part.material.name],
    }
    if part.node == "face":
        share = part.head_weight
        joints = np.zeros((count, 4), dtype=np.uint8)
        joints[share > 0, 1] = 1  # a joint without weight must be 0
        weights = np.stack([1 - share, share, np.zeros_like(share), np.zeros_like(share)], axis=1)
        attributes["JOINTS_0"] = buffer.add(joints)
        attributes["WEIGHTS_0"] = buffer.add(weights.astype(np.float32))
        primitive["targets"] = []
        for offsets, turns in zip(part.morphs, part.morph_normals, strict=True):
            moving = np.abs(offsets).max(axis=1) > _STILL
            position, normal = buffer.add_offsets(
                [_quantize(offsets, np.int16), _quantize(turns, np.int8)], moving
            )
            primitive["targets"].append({"POSITION": position, "NORMAL": normal})
    return primitive


def _unit(normals: FloatArray) -> FloatArray:
    """Normals of length 1, as glTF asks; where a surface has no direction, they point forward."""
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    forward = np.array([0, 0, 1], dtype=np.float32)
    turned = np.where(lengths > 1e-6, normals / np.maximum(lengths, 1e-6), forward)
    return turned.astype(np.float32)


def _quantize(values: FloatArray, depth: type[np.int8] | type[np.int16]) -> NDArray[Any]:
    """Values -1..1 as signed integers: .03 mm in 16 bits, half a degree in 8."""
    largest = int(np.iinfo(depth).max)
    return np.round(np.clip(values, -1, 1) * largest).astype(depth)


def _material(material: Material) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": material.name,
        "pbrMetallicRoughness": {
            "baseColorFactor": list(material.colour),
            "metallicFactor": material.metallic,
            "roughnessFactor": material.roughness,
        },
    }
    if material.double_sided:
        document["doubleSided"] = True
    if material.blend:
        document["alphaMode"] = "BLEND"
    return document


def _translation(by: FloatArray | NDArray[np.float64]) -> FloatArray:
    matrix = np.eye(4, dtype=np.float32)
    matrix[3, :3] = by  # glTF stores matrices by columns
    return matrix.reshape(16)


def _list(values: FloatArray) -> list[float]:
    return [round(float(value), 7) for value in values]
