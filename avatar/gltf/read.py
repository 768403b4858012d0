"""Reads a head from a glTF binary; says what is missing from one that can't be animated."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.gltf.model import HeadError, HeadModel, Material, Node, Part
from avatar.motion import NAMES, SHAPES

_DTYPES: Final = {
    5121: np.uint8,
    5123: np.uint16,
    5125: np.uint32,
    5126: np.float32,
    5120: np.int8,
    5122: np.int16,
}
_CHANNELS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_NODES: Final[dict[str, Node]] = {
    "face": "face",
    "hair": "hair",
    "eyeLeft": "eyeLeft",
    "eyeRight": "eyeRight",
}


def split(data: bytes, name: str) -> tuple[dict[str, Any], bytes]:
    """The document and the binary chunk of a GLB; raises ``HeadError``."""
    if len(data) < 20 or data[:4] != b"glTF":
        raise HeadError(f"{name} is no glTF binary; export the head as .glb")
    version, total = struct.unpack_from("<II", data, 4)
    if version != 2:
        raise HeadError(f"{name} is glTF version {version}; export it as glTF 2.0")
    if total > len(data):
        raise HeadError(f"{name} should have {total} bytes and has {len(data)}: it is cut off; copy it again")
    length = struct.unpack_from("<I", data, 12)[0]
    try:
        document = json.loads(data[20 : 20 + length])
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise HeadError(f"{name} has no readable glTF document: {error}") from error
    if not isinstance(document, dict):
        raise HeadError(f"{name} has no glTF document")
    return document, data[20 + length + 8 :]


class Accessors:
    """The arrays of a glTF document."""

    def __init__(self, document: dict[str, Any], binary: bytes) -> None:
        self._document = document
        self._binary = binary

    def __call__(self, index: int) -> NDArray[Any]:
        """The accessor's values, (N,) or (N, channels); normalized integers become -1..1."""
        accessor = self._document["accessors"][index]
        dtype, channels = np.dtype(_DTYPES[accessor["componentType"]]), _CHANNELS[accessor["type"]]
        count = int(accessor["count"])
        if "bufferView" in accessor:
            values = self._read(accessor, dtype, count, channels).copy()
        else:
            values = np.zeros((count, channels), dtype)
        if "sparse" in accessor:
            entry = accessor["sparse"]
            places = self._read(
                entry["indices"], np.dtype(_DTYPES[entry["indices"]["componentType"]]), entry["count"], 1
            )
            values[places[:, 0]] = self._read(entry["values"], dtype, entry["count"], channels)
        if accessor.get("normalized"):
            values = np.maximum(values / np.iinfo(str(dtype)).max, -1).astype(np.float32)
        return values[:, 0] if channels == 1 else values

    def _read(self, entry: dict[str, Any], dtype: np.dtype[Any], count: int, channels: int) -> NDArray[Any]:
        view = self._document["bufferViews"][entry["bufferView"]]
        offset = view.get("byteOffset", 0) + entry.get("byteOffset", 0)
        width = dtype.itemsize * channels
        stride = view.get("byteStride", width)
        rows = np.ndarray((count, width), np.uint8, self._binary, offset, (stride, 1))
        return np.ascontiguousarray(rows).view(dtype).reshape(count, channels)


def read_head(path: Path) -> HeadModel:
    """The head in a GLB that this project wrote, or one with the same nodes.

    Raises ``HeadError`` naming what is missing: ARKit's shapes, some of them, a node.
    """
    document, binary = split(path.read_bytes(), path.name)
    nodes = {node.get("name"): node for node in document.get("nodes", [])}
    missing = [name for name in ("face", "head", "hair", "eyeLeft", "eyeRight") if name not in nodes]
    if missing:
        raise HeadError(
            f"{path.name} has no node {', '.join(missing)}; docs/head.md lists the nodes of a head"
        )
    names = target_names(document, nodes["face"].get("mesh"), path.name)
    accessors = Accessors(document, binary)
    try:
        pivot = _translation(nodes["head"])
        parts = tuple(
            _part(primitive, node, document, accessors, len(names))
            for name, node in _NODES.items()
            for primitive in document["meshes"][nodes[name]["mesh"]]["primitives"]
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise HeadError(
            f"{path.name} is not a head that can be read: {type(error).__name__} {error}"
        ) from error
    return HeadModel(
        name=document.get("scenes", [{}])[0].get("name", path.stem),
        parts=parts,
        target_names=names,
        pivot=pivot,
        eye_left=pivot + _translation(nodes["eyeLeft"]),
        eye_right=pivot + _translation(nodes["eyeRight"]),
    )


def target_names(document: dict[str, Any], mesh: int | None, name: str) -> tuple[str, ...]:
    """Names of a mesh's morph targets; raises ``HeadError`` unless they hold all of ARKit's."""
    meshes = document.get("meshes", [])
    found = meshes[mesh] if mesh is not None and mesh < len(meshes) else {}
    names = tuple(found.get("extras", {}).get("targetNames", ()))
    if not names:
        raise HeadError(f"{name} has no named morph targets; a head needs ARKit's {SHAPES} shapes by name")
    for primitive in found["primitives"]:
        count = len(primitive.get("targets", ()))
        if count != len(names):
            raise HeadError(f"{name} names {len(names)} morph targets and has {count}; export it again")
    missing = [shape for shape in NAMES[:SHAPES] if shape not in names]
    if missing:
        listed = ", ".join(missing[:6]) + (f" and {len(missing) - 6} more" if len(missing) > 6 else "")
        raise HeadError(f"{name} lacks {len(missing)} of ARKit's {SHAPES} shapes: {listed}")
    return names


def _part(
    primitive: dict[str, Any], node: Node, document: dict[str, Any], accessors: Accessors, shapes: int
) -> Part:
    attributes = primitive["attributes"]
    positions: FloatArray = accessors(attributes["POSITION"])
    count = len(positions)
    morphs = np.zeros((shapes if node == "face" else 0, count, 3), dtype=np.float32)
    turns = morphs.copy()
    for index, target in enumerate(primitive.get("targets", ())):
        morphs[index] = accessors(target["POSITION"])
        if "NORMAL" in target:
            turns[index] = accessors(target["NORMAL"])
    weight = np.ones(count, dtype=np.float32)
    if "WEIGHTS_0" in attributes:
        joints, weights = accessors(attributes["JOINTS_0"]), accessors(attributes["WEIGHTS_0"])
        weight = (weights * (joints == 1)).sum(axis=1).astype(np.float32)
    return Part(
        node=node,
        material=_material(document["materials"][primitive["material"]]),
        positions=positions,
        normals=accessors(attributes["NORMAL"]),
        colours=accessors(attributes["COLOR_0"])
        if "COLOR_0" in attributes
        else np.ones((count, 4), dtype=np.float32),
        triangles=accessors(primitive["indices"]).reshape(-1, 3).astype(np.uint32),
        morphs=morphs,
        morph_normals=turns,
        head_weight=weight,
    )


def _material(document: dict[str, Any]) -> Material:
    surface = document.get("pbrMetallicRoughness", {})
    red, green, blue, alpha = surface.get("baseColorFactor", (1.0, 1.0, 1.0, 1.0))
    return Material(
        name=document.get("name", ""),
        colour=(red, green, blue, alpha),
        roughness=surface.get("roughnessFactor", 1.0),
        metallic=surface.get("metallicFactor", 1.0),
        double_sided=document.get("doubleSided", False),
        blend=document.get("alphaMode") == "BLEND",
    )


def _translation(node: dict[str, Any]) -> FloatArray:
    return np.array(node.get("translation", (0, 0, 0)), dtype=np.float32)
