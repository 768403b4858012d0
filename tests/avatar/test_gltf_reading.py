"""Heads that are damaged, foreign or incomplete: refused, with words that say what to do."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avatar.gltf import HeadError, HeadModel, bake, head_bytes, read_head
from avatar.gltf.read import split
from avatar.gltf.write import container
from avatar.motion import MotionClip

Document = dict[str, Any]


@pytest.fixture(scope="module")
def whole(tiny_head: HeadModel) -> bytes:
    return head_bytes(tiny_head)


def test_what_is_written_is_read_back(whole: bytes, tiny_head: HeadModel, tmp_path: Path) -> None:
    (tmp_path / "head.glb").write_bytes(whole)
    head = read_head(tmp_path / "head.glb")
    assert head.target_names == tiny_head.target_names
    np.testing.assert_allclose(head.eye_left, tiny_head.eye_left, atol=1e-6)
    for ours, theirs in zip(tiny_head.parts, head.parts, strict=True):
        assert ours.node == theirs.node
        np.testing.assert_array_equal(ours.positions, theirs.positions)
        np.testing.assert_array_equal(ours.triangles, theirs.triangles)
        np.testing.assert_allclose(ours.morphs, theirs.morphs, atol=6e-5)
        np.testing.assert_allclose(ours.head_weight, theirs.head_weight)


def face(document: Document) -> Document:
    return document["meshes"][0]["primitives"][0]  # type: ignore[no-any-return]


def accessor(document: Document, name: str) -> Document:
    return document["accessors"][face(document)["attributes"][name]]  # type: ignore[no-any-return]


def change(key: str, value: object, name: str = "POSITION") -> Callable[[Document], None]:
    return lambda document: accessor(document, name).__setitem__(key, value)


def target(document: Document) -> Document:
    return document["accessors"][face(document)["targets"][17]["POSITION"]]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (
            lambda d: d["buffers"][0].update(uri="head.bin"),
            "keeps its data in head.bin; export it as one .glb",
        ),
        (
            lambda d: d["buffers"][0].update(uri="data:application/octet-stream;base64,AAAA"),
            "as text within it",
        ),
        (lambda d: d["buffers"].append({"byteLength": 4}), "has 2 buffers"),
        (
            lambda d: d["extensionsRequired"].append("KHR_draco_mesh_compression"),
            "requires KHR_draco_mesh_compression; export it again without compression",
        ),
        (change("type", "VEC2"), "is VEC2; 3 numbers each are due"),
        (change("type", "VEC9"), "is VEC9 of component type 5126; glTF 2.0 has no such numbers"),
        (change("componentType", 5124), "component type 5124"),
        (change("count", 3, "NORMAL"), "has 3 entries; 4 are due, one for each vertex"),
        (change("count", 10**12), "0 to 16777216 are believed"),
        (change("count", -1), "has -1 entries"),
        (change("count", 10**6), "needs bytes 0 to 12000000 of"),
        (lambda d: target(d).update(count=3), "has 3 entries; 4 are due"),
        (
            lambda d: target(d)["sparse"]["indices"].update(componentType=5126),
            "sparse indices of component type",
        ),
        (lambda d: d["bufferViews"][0].update(byteOffset=10**7), "the file is damaged"),
        (lambda d: d["bufferViews"][0].update(byteLength=8), "the file is damaged"),
        (lambda d: d["bufferViews"][0].update(byteStride=1), "the file is damaged"),
        (lambda d: d["accessors"][face(d)["indices"]].update(componentType=5122), "0 or more are due"),
        (lambda d: d["accessors"][face(d)["indices"]].update(count=4), "4 corners of triangles"),
        (lambda d: face(d).update(mode=1), "with mode 1; triangles"),
        (lambda d: face(d).pop("indices"), "not a head that can be read: KeyError 'indices'"),
        (lambda d: face(d)["targets"].pop(), "names 52 morph targets and has 51"),
        (lambda d: d["nodes"][1].update(mesh=99), "no named morph targets"),
        (lambda d: d.update(nodes=5), "not a head that can be read: TypeError"),
        (lambda d: d.update(meshes={"face": 1}), "not a head that can be read"),
    ],
)
def test_a_damaged_head_is_refused_with_the_reason(
    damage: Callable[[Document], object], complaint: str, whole: bytes, tmp_path: Path
) -> None:
    document, binary = split(whole, "head.glb")
    damage(document)
    (tmp_path / "head.glb").write_bytes(container(document, binary))
    with pytest.raises(HeadError, match=complaint) as told:
        read_head(tmp_path / "head.glb")
    assert "head.glb" in str(told.value)


def test_corners_beyond_the_last_vertex_are_told(whole: bytes, tmp_path: Path) -> None:
    document, binary = split(whole, "head.glb")
    view = document["bufferViews"][document["accessors"][face(document)["indices"]]["bufferView"]]
    spoilt = bytearray(binary)
    struct.pack_into("<H", spoilt, view["byteOffset"], 40)
    (tmp_path / "head.glb").write_bytes(container(document, bytes(spoilt)))
    with pytest.raises(HeadError, match="up to vertex 40 of 4"):
        read_head(tmp_path / "head.glb")


def test_numbers_that_are_not_finite_are_told(whole: bytes, tmp_path: Path) -> None:
    document, binary = split(whole, "head.glb")
    spoilt = bytearray(binary)
    view = document["bufferViews"][accessor(document, "POSITION")["bufferView"]]
    struct.pack_into("<f", spoilt, view["byteOffset"] + 12, float("nan"))
    (tmp_path / "head.glb").write_bytes(container(document, bytes(spoilt)))
    with pytest.raises(HeadError, match=r"holds \[nan, .*in entry 1; every number must be finite"):
        read_head(tmp_path / "head.glb")


def test_colours_may_come_without_alpha_or_not_at_all(
    whole: bytes, tiny_head: HeadModel, tmp_path: Path
) -> None:
    document, binary = split(whole, "head.glb")
    face(document)["attributes"].pop("COLOR_0")
    (tmp_path / "head.glb").write_bytes(container(document, binary))
    assert (read_head(tmp_path / "head.glb").parts[0].colours == 1).all()


@pytest.mark.parametrize("length", [0, 3, 12, 19, 40, 2000])
def test_a_file_cut_off_anywhere_is_refused(length: int, whole: bytes, tmp_path: Path) -> None:
    (tmp_path / "head.glb").write_bytes(whole[:length])
    with pytest.raises(HeadError, match=r"no glTF binary|cut off"):
        read_head(tmp_path / "head.glb")


def test_a_binary_chunk_longer_than_the_file_is_refused(whole: bytes, tmp_path: Path) -> None:
    text = struct.unpack_from("<I", whole, 12)[0]
    spoilt = bytearray(whole)
    struct.pack_into("<I", spoilt, 20 + text, 10**8)
    (tmp_path / "head.glb").write_bytes(bytes(spoilt))
    with pytest.raises(HeadError, match="cut off within its binary data"):
        read_head(tmp_path / "head.glb")


def test_chunks_of_unknown_kinds_are_passed_over(whole: bytes, tmp_path: Path) -> None:
    text = 20 + struct.unpack_from("<I", whole, 12)[0]
    data = bytearray(whole[:text] + struct.pack("<II", 4, 0x12345678) + b"else" + whole[text:])
    struct.pack_into("<I", data, 8, len(data))
    (tmp_path / "head.glb").write_bytes(bytes(data))
    assert len(read_head(tmp_path / "head.glb").parts) == 4


_WORST: list[Any] = [None, -1, 0, 1, 3, 10**9, 1.5, "", "x", [], {}, True]


@given(data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_to_the_document_is_survived_or_told(
    data: st.DataObject, whole: bytes, tmp_path: Path
) -> None:
    document, binary = split(whole, "head.glb")
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and place[key] and data.draw(st.integers(0, 3)):
            place = place[key]
            continue
        place[key] = data.draw(st.sampled_from(_WORST))
        break
    path = tmp_path / "head.glb"
    path.write_bytes(container(document, binary))
    for use in (read_head, lambda p: bake(p.read_bytes(), MotionClip.of(np.zeros((2, 61))), p.name)):
        try:
            use(path)
        except HeadError as error:
            assert "head.glb" in str(error)
