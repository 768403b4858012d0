"""Reads a head from a glTF binary; says what is missing from one that can't be animated."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, Final

import numpy as np

from avatar.animator import FloatArray
from avatar.gltf.accessors import Accessors, binary_only
from avatar.gltf.model import HeadError, HeadModel, Material, Node, Part
from avatar.motion import NAMES, SHAPES

_JSON: Final = 0x4E4F534A
_BIN: Final = 0x004E4942
_TRIANGLES: Final = 4  # glTF's primitive mode
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
    length, kind = struct.unpack_from("<II", data, 12)
    if kind != _JSON or 20 + length > total:
        raise HeadError(f"{name} doesn't begin with a glTF document; export it again")
    try:
        document = json.loads(data[20 : 20 + length])
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise HeadError(f"{name} has no readable glTF document: {error}") from error
    if not isinstance(document, dict):
        raise HeadError(f"{name} has no glTF document")
    return document, _binary(data[:total], 20 + length, name)


def _binary(data: bytes, at: int, name: str) -> bytes:
    """The binary chunk; chunks of other kinds are passed over, as the format asks."""
    while at + 8 <= len(data):
        length, kind = struct.unpack_from("<II", data, at)
        if at + 8 + length > len(data):
            raise HeadError(f"{name} is cut off within its binary data; copy it again")
        if kind == _BIN:
            return data[at + 8 : at + 8 + length]
        at += 8 + length
    return b""


def read_head(path: Path) -> HeadModel:
    """The head in a GLB that this project wrote, or one with the same nodes.

    Raises ``HeadError`` naming what is missing: ARKit's shapes, some of them, a node.
    """
    document, binary = split(path.read_bytes(), path.name)
    try:
        return _head(document, binary, path)
    except HeadError:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise HeadError(
            f"{path.name} is not a head that can be read: {type(error).__name__} {error}"
        ) from error


def _head(document: dict[str, Any], binary: bytes, path: Path) -> HeadModel:
    binary_only(document, path.name)
    nodes = {node.get("name"): node for node in document.get("nodes", [])}
    missing = [name for name in ("face", "head", "hair", "eyeLeft", "eyeRight") if name not in nodes]
    if missing:
        raise HeadError(
            f"{path.name} has no node {', '.join(missing)}; docs/head.md lists the nodes of a head"
        )
    names = target_names(document, nodes["face"].get("mesh"), path.name)
    accessors = Accessors(document, binary, path.name)
    pivot = _translation(nodes["head"])
    parts = tuple(
        _part(primitive, node, document, accessors, names)
        for name, node in _NODES.items()
        for primitive in document["meshes"][nodes[name]["mesh"]]["primitives"]
    )
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
    primitive: dict[str, Any],
    node: Node,
    document: dict[str, Any],
    accessors: Accessors,
    names: tuple[str, ...],
) -> Part:
    file = accessors.name
    if primitive.get("mode", _TRIANGLES) != _TRIANGLES:
        raise HeadError(f"{file} draws its {node} with mode {primitive['mode']}; triangles (4) are due")
    attributes = primitive["attributes"]
    positions: FloatArray = accessors(attributes["POSITION"], channels=3)
    count = len(positions)
    morphs = np.zeros((len(names) if node == "face" else 0, count, 3), dtype=np.float32)
    turns = morphs.copy()
    for index, target in enumerate(primitive.get("targets", ())):
        morphs[index] = accessors(target["POSITION"], channels=3, rows=count)
        if "NORMAL" in target:
            turns[index] = accessors(target["NORMAL"], channels=3, rows=count)
    triangles = accessors(primitive["indices"], channels=1, kind="u").astype(np.uint32)
    if len(triangles) % 3 or (len(triangles) and int(triangles.max()) >= count):
        raise HeadError(
            f"{file} has {len(triangles)} corners of triangles in its {node}, up to vertex "
            f"{int(triangles.max(initial=0))} of {count}: the file is damaged; export it again"
        )
    weight = np.ones(count, dtype=np.float32)
    if "WEIGHTS_0" in attributes:
        joints, weights = (
            accessors(attributes[name], channels=4, rows=count) for name in ("JOINTS_0", "WEIGHTS_0")
        )
        weight = (weights * (joints == 1)).sum(axis=1).astype(np.float32)
    return Part(
        node=node,
        material=_material(document["materials"][primitive["material"]]),
        positions=positions,
        normals=accessors(attributes["NORMAL"], channels=3, rows=count),
        colours=_colours(attributes, accessors, count),
        triangles=triangles.reshape(-1, 3),
        morphs=morphs,
        morph_normals=turns,
        head_weight=weight,
    )


def _colours(attributes: dict[str, Any], accessors: Accessors, count: int) -> FloatArray:
    """Colours (N, 4); a file may leave out their alpha, or all of them."""
    colours = np.ones((count, 4), dtype=np.float32)
    if "COLOR_0" in attributes:
        found = accessors(attributes["COLOR_0"], rows=count)
        if found.ndim != 2 or found.shape[1] not in (3, 4):
            raise HeadError(
                f"{accessors.name}: colours have shape {found.shape}; 3 or 4 numbers each are due"
            )
        colours[:, : found.shape[1]] = found
    return colours


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
