"""VRM 1.0: models tell what they can do, motion becomes their expressions, animations load in VRM apps."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from avatar.gltf import HeadError
from avatar.gltf.accessors import Accessors
from avatar.gltf.read import split
from avatar.gltf.write import container
from avatar.motion import ARKIT, NAMES, SHAPES, Column, MotionClip, MotionError, neutral
from avatar.vrm import PRESETS_ONLY, VrmModel, expression_weights, read_vrm, vrm_animation_bytes
from avatar.vrm.model import PRESETS, VOWELS

WEB = Path(__file__).resolve().parents[2] / "web"


def vrm(**changes: Any) -> dict[str, Any]:
    """A VRM's document, as far as motion is concerned."""
    extension = {
        "specVersion": "1.0",
        "meta": {"name": "Alicia"},
        "humanoid": {"humanBones": {"hips": {"node": 0}, "head": {"node": 1}, "leftEye": {"node": 2}}},
        "lookAt": {"type": "bone"},
        "expressions": {"preset": {name: {} for name in PRESETS}, "custom": {}},
    }
    return {
        "asset": {"version": "2.0"},
        "nodes": [{}, {}, {}],
        "extensions": {"VRMC_vrm": extension | changes},
    }


def saved(document: dict[str, Any], folder: Path) -> Path:
    path = folder / "model.vrm"
    path.write_bytes(container(document, b""))
    return path


def custom(names: tuple[str, ...]) -> dict[str, Any]:
    return {"preset": {name: {} for name in PRESETS}, "custom": {name: {} for name in names}}


def test_a_model_tells_its_expressions_gaze_and_bones(tmp_path: Path) -> None:
    names = (*NAMES[:SHAPES], "Wink")
    model = read_vrm(saved(vrm(expressions=custom(names)), tmp_path))
    assert model.name == "Alicia" and model.look_at == "bone"
    assert model.presets == frozenset(PRESETS)
    assert model.perfect_sync == {name: name for name in NAMES[:SHAPES]}
    assert model.bones == {"head": 1, "leftEye": 2}


def test_the_models_own_spelling_of_arkits_names_is_kept(tmp_path: Path) -> None:
    model = read_vrm(saved(vrm(expressions=custom(("EyeBlinkLeft", "JawOpen"))), tmp_path))
    assert model.perfect_sync == {"eyeBlinkLeft": "EyeBlinkLeft", "jawOpen": "JawOpen"}
    motion = neutral()
    motion[Column.jawOpen] = 0.5
    weights = expression_weights(motion, model)
    assert weights["JawOpen"] == 0.5 and not set(VOWELS) & set(weights)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"asset": {}}, "is no VRM: it has no extension VRMC_vrm"),
        ({"extensions": {"VRM": {}}}, r"is VRM 0\.x; convert it to VRM 1\.0"),
        (vrm(specVersion="2.0"), r"is VRM 2\.0; 1\.0 is understood"),
        (vrm(humanoid={"humanBones": {"head": {"node": 9}}}), "names node 9 as its head and has 3 nodes"),
        (vrm(humanoid={"humanBones": {"head": {}}}), "no VRM that can be read: KeyError 'node'"),
        (vrm(lookAt={"type": "laser"}), "looks by 'laser'"),
        ({"extensions": {"VRMC_vrm": 5}}, "no VRM that can be read"),
    ],
)
def test_what_is_no_vrm_1_is_refused(document: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(HeadError, match=complaint):
        read_vrm(saved(document, tmp_path))


motions = arrays(np.float32, (3, 61), elements=st.floats(0, 1, width=32)).map(
    lambda unit: ARKIT.clip(ARKIT.low + unit * (ARKIT.high - ARKIT.low))
)


@given(motion=motions)
@settings(deadline=None)
def test_weights_stay_in_range_and_vowels_never_add_up_to_more_than_one_mouth(motion: np.ndarray) -> None:
    weights = expression_weights(motion, PRESETS_ONLY)
    assert set(weights) <= set(PRESETS)
    for values in weights.values():
        assert values.shape == (3,) and values.min() >= 0 and values.max() <= 1
    assert (sum(weights[name] for name in VOWELS) <= 1 + 1e-5).all()


@given(motion=motions)
@settings(deadline=None)
def test_perfect_sync_passes_every_shape_through_and_uses_no_preset(motion: np.ndarray) -> None:
    model = VrmModel("m", frozenset(PRESETS), {name: name for name in NAMES[:SHAPES]}, "expression", {})
    weights = expression_weights(motion, model)
    assert set(weights) == set(NAMES[:SHAPES])
    for name, values in weights.items():
        np.testing.assert_array_equal(values, motion[:, NAMES.index(name)])


@pytest.mark.parametrize(
    ("shapes", "vowel"),
    [
        ({"jawOpen": 0.6}, "aa"),
        ({"jawOpen": 0.5, "mouthFunnel": 0.8}, "oh"),
        ({"jawOpen": 0.05, "mouthPucker": 0.9}, "ou"),
        ({"jawOpen": 0.6, "mouthStretchLeft": 0.9, "mouthStretchRight": 0.9}, "ee"),
        ({"jawOpen": 0.1, "mouthStretchLeft": 0.7, "mouthStretchRight": 0.7}, "ih"),
    ],
)
def test_each_vowel_leads_where_its_mouth_is_made(shapes: dict[str, float], vowel: str) -> None:
    motion = neutral()
    for name, value in shapes.items():
        motion[NAMES.index(name)] = value
    weights = expression_weights(motion, PRESETS_ONLY)
    assert max(VOWELS, key=lambda name: float(weights[name][0])) == vowel
    assert weights[vowel][0] > 0.5


def test_a_mouth_that_is_kept_closed_over_an_open_jaw_makes_no_vowel() -> None:
    motion = neutral()
    motion[Column.jawOpen] = motion[Column.mouthClose] = 0.4
    weights = expression_weights(motion, PRESETS_ONLY)
    assert sum(float(weights[name][0]) for name in VOWELS) == 0


def test_lids_and_gaze_go_to_their_presets_by_side() -> None:
    motion = neutral()
    motion[Column.eyeBlinkLeft] = 1
    motion[Column.eyeLookOutLeft] = motion[Column.eyeLookInRight] = 0.5
    model = VrmModel("m", frozenset(PRESETS), {}, "expression", {})
    weights = expression_weights(motion, model)
    assert weights["blinkLeft"] == 1 and weights["blinkRight"] == 0 and "blink" not in weights
    assert weights["lookLeft"] == 0.5 and weights["lookRight"] == 0
    assert "lookLeft" not in expression_weights(motion, PRESETS_ONLY), "eyes with bones are turned, not faded"
    one_lid = VrmModel("m", frozenset({"blink"}), {}, None, {})
    assert expression_weights(motion, one_lid) == {"blink": 0.5}


def test_motion_that_is_not_finite_is_refused() -> None:
    motion = neutral()
    motion[Column.jawOpen] = np.nan
    with pytest.raises(MotionError, match="jawOpen is nan"):
        expression_weights(motion, PRESETS_ONLY)


@pytest.fixture(scope="module")
def clip() -> MotionClip:
    unit = np.random.default_rng(2).random((20, 61), dtype=np.float32)
    return MotionClip.of(ARKIT.clip(ARKIT.low + unit * (ARKIT.high - ARKIT.low)))


@pytest.mark.parametrize("perfect", [False, True])
def test_an_animation_holds_every_weight_under_its_name(perfect: bool, clip: MotionClip) -> None:
    sync = {name: name for name in NAMES[:SHAPES]} if perfect else {}
    model = VrmModel("m", frozenset(PRESETS), sync, "expression", {})
    document, binary = split(vrm_animation_bytes(clip, model), "a.vrma")
    read = Accessors(document, binary, "a.vrma")
    extension = document["extensions"]["VRMC_vrm_animation"]
    (animation,) = document["animations"]
    outputs = {
        c["target"]["node"]: read(animation["samplers"][c["sampler"]]["output"])
        for c in animation["channels"]
    }
    weights = expression_weights(clip.motion, model)
    found = {
        name: outputs[entry["node"]][:, 0]
        for kind in extension["expressions"].values()
        for name, entry in kind.items()
    }
    assert set(found) == {name for name in weights if not name.startswith("look")}
    for name, values in found.items():
        np.testing.assert_array_equal(values, weights[name])
    assert set(extension["expressions"]) == ({"custom"} if perfect else {"preset"})
    assert set(extension["humanoid"]["humanBones"]) == {"hips", "head"}, "eyes may not be among them"


@pytest.mark.skipif(
    not (WEB / "node_modules/@pixiv/three-vrm-animation").is_dir(),
    reason="npm's @pixiv/three-vrm-animation is not installed in web/",
)
@pytest.mark.slow
def test_the_loader_that_vrm_apps_use_reads_head_gaze_and_expressions(
    clip: MotionClip, tmp_path: Path
) -> None:
    (tmp_path / "a.vrma").write_bytes(vrm_animation_bytes(clip))
    script = """
        import { readFileSync } from "node:fs";
        import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
        import { VRMAnimationLoaderPlugin } from "@pixiv/three-vrm-animation";
        globalThis.self = globalThis;
        console.warn = (text) => { throw new Error(text); };
        const loader = new GLTFLoader();
        loader.register((parser) => new VRMAnimationLoaderPlugin(parser));
        const data = new Uint8Array(readFileSync(process.argv[1])).buffer;
        const [animation] = (await loader.parseAsync(data, "")).userData.vrmAnimations;
        console.log(JSON.stringify({
          seconds: animation.duration,
          head: Array.from(animation.humanoidTracks.rotation.get("head").values.slice(0, 4)),
          gaze: Array.from(animation.lookAtTrack.values.slice(0, 4)),
          preset: Object.fromEntries(
            [...animation.expressionTracks.preset].map(([name, track]) => [name, Array.from(track.values)]),
          ),
        }));
    """
    run = subprocess.run(
        ["node", "--input-type=module", "-e", script, str(tmp_path / "a.vrma")],
        cwd=WEB, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    seen = json.loads(run.stdout)
    assert seen["seconds"] == pytest.approx(19 / 25)
    weights = expression_weights(clip.motion, PRESETS_ONLY)
    assert set(seen["preset"]) == set(weights)
    for name, values in seen["preset"].items():
        np.testing.assert_allclose(values, weights[name], atol=1e-6)
    from avatar.gltf.bake import quaternions

    np.testing.assert_allclose(seen["head"], quaternions(clip.motion[:1, 52:55])[0], atol=1e-6)
    assert np.linalg.norm(seen["gaze"]) == pytest.approx(1, abs=1e-5)
