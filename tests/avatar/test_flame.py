"""FLAME to ARKit and back by the user's map: exact where the map is good, tame where it isn't."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.spatial.transform import Rotation

from avatar.motion import HEAD, NAMES, SHAPES, Column, neutral, validate
from avatar.retarget import (
    FlameMap,
    FlameMotion,
    FlameRetargeting,
    RetargetError,
    RetargetOptions,
    load_flame_map,
    read_flame_npz,
    write_flame_npz,
)
from avatar.retarget.flame_map import MEDIAPIPE

EXACT = RetargetOptions(jaw_weight=10, symmetry=0, shrinkage=1e-3, caution=0)
PAIRS = [
    (NAMES.index(name), NAMES.index(name.removesuffix("Left") + "Right"))
    for name in NAMES[:SHAPES]
    if name.endswith("Left") and not name.startswith(("eyeLook", "jaw")) and name != "mouthLeft"
]
LOOKS = [index for index, name in enumerate(NAMES) if name.startswith("eyeLook")]


def arrays(seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a well-conditioned map: every shape moves FLAME its own way, by 3 or 4 coefficients."""
    random = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(random.normal(size=(53, 53)))
    rows = basis[:SHAPES] * random.uniform(3, 4, size=(SHAPES, 1))
    return rows[:, :50].astype(np.float32), (rows[:, 50:] / 10).astype(np.float32)


@pytest.fixture(scope="module")
def good() -> FlameMap:
    return FlameMap.of(*arrays(), NAMES[:SHAPES])


@pytest.fixture(scope="module")
def exact(good: FlameMap) -> FlameRetargeting:
    return FlameRetargeting(good, EXACT)


def some_motion(frames: int, seed: int = 5) -> np.ndarray:
    random = np.random.default_rng(seed)
    motion = np.zeros((frames, 61), np.float32)
    motion[:, :SHAPES] = random.random((frames, SHAPES)) * (random.random((frames, SHAPES)) < 0.5)
    motion[:, LOOKS] = 0
    motion[:, HEAD] = random.uniform(-0.9, 0.9, (frames, 3))
    return motion


def test_a_row_that_is_badly_known_moves_the_face_no_further_than_a_long_one(good: FlameMap) -> None:
    far = np.linalg.norm(good.expression, axis=1)
    wild = replace(good, expression=good.expression.copy(), jaw=good.jaw.copy())
    frown = NAMES.index("mouthFrownLeft")
    wild.expression[frown] *= 40
    motion = np.zeros((1, 61), np.float32)
    motion[0, frown] = 1
    moved = np.linalg.norm(FlameRetargeting(wild).to_flame(motion).expression)
    assert moved == pytest.approx(1.5 * np.median(far[far > 0]), rel=0.1)
    as_it_is = FlameRetargeting(wild, RetargetOptions(longest=np.inf)).to_flame(motion).expression
    np.testing.assert_allclose(as_it_is[0], wild.expression[frown], rtol=1e-5)


def test_where_the_eyes_look_is_no_expression(good: FlameMap) -> None:
    motion = np.zeros((1, 61), np.float32)
    motion[0, LOOKS] = 1
    assert not FlameRetargeting(good).to_flame(motion).expression.any()


def test_motion_comes_back_within_a_thousandth(exact: FlameRetargeting) -> None:
    motion = some_motion(20)
    np.testing.assert_allclose(exact.to_arkit(exact.to_flame(motion)), motion, atol=1e-3)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_flame_gives_valid_motion_that_looks_ahead(seed: int, good: FlameMap) -> None:
    random = np.random.default_rng(seed)
    flame = FlameMotion(
        random.normal(scale=3, size=(2, 50)).astype(np.float32),
        random.normal(scale=0.3, size=(2, 3)).astype(np.float32),
        random.normal(scale=1.5, size=(2, 3)).astype(np.float32),
    )
    motion = FlameRetargeting(good).to_arkit(flame)
    validate(motion)
    assert not motion[:, LOOKS].any() and not motion[:, Column.leftEyeYaw :].any()


def test_forward_is_the_maps_weighted_sum(good: FlameMap, exact: FlameRetargeting) -> None:
    motion = neutral()
    motion[Column.jawOpen], motion[Column.cheekPuff] = 0.5, 0.25
    flame = exact.to_flame(motion)
    due = 0.5 * good.expression[Column.jawOpen] + 0.25 * good.expression[Column.cheekPuff]
    np.testing.assert_allclose(flame.expression[0], due, atol=1e-6)
    np.testing.assert_allclose(flame.flame56[0, 50:53], flame.jaw[0])
    assert flame.flame56.shape == (1, 56)


def test_the_neck_is_the_head_as_intrinsic_yaw_pitch_roll(exact: FlameRetargeting) -> None:
    motion = neutral()
    motion[HEAD] = 0.4, -0.3, 0.2
    neck = exact.to_flame(motion).neck[0]
    about = [Rotation.from_rotvec(np.eye(3)[axis] * angle) for axis, angle in ((1, 0.4), (0, -0.3), (2, 0.2))]
    np.testing.assert_allclose(
        Rotation.from_rotvec(neck).as_matrix(), (about[0] * about[1] * about[2]).as_matrix(), atol=1e-6
    )
    nod = exact.to_arkit(
        FlameMotion(
            np.zeros((1, 50), np.float32), np.zeros((1, 3), np.float32), np.array([[0.3, 0, 0]], np.float32)
        )
    )
    assert nod[0, Column.headPitch] == pytest.approx(0.3) and abs(nod[0, Column.headYaw]) < 1e-6


def test_an_ill_conditioned_map_stays_bounded_and_symmetric() -> None:
    """Both lids move FLAME almost alike, and one shape's row is huge and noise, as tracked maps have them."""
    expression, jaw = arrays()
    random = np.random.default_rng(9)
    left, right = Column.eyeBlinkLeft, Column.eyeBlinkRight
    expression[right] = expression[left] + 1e-4 * random.normal(size=50)
    jaw[right] = jaw[left]
    expression[Column.jawRight] = 60 * random.normal(size=50)
    retargeting = FlameRetargeting(FlameMap.of(expression, jaw, NAMES[:SHAPES]))
    motion = some_motion(10)
    for one, other in PAIRS:
        motion[:, other] = motion[:, one]
    motion[:, Column.jawRight] = 0
    noisy = retargeting.to_flame(motion)
    noisy = FlameMotion(
        noisy.expression + random.normal(scale=0.1, size=(10, 50)).astype(np.float32), noisy.jaw, noisy.neck
    )
    again = retargeting.to_arkit(noisy)
    validate(again)
    np.testing.assert_allclose(again[:, left], again[:, right], atol=0.02)
    assert max(np.abs(again[:, one] - again[:, other]).max() for one, other in PAIRS) < 0.2
    assert again[:, Column.jawRight].max() < 0.05
    bare = FlameRetargeting(
        FlameMap.of(expression, jaw, NAMES[:SHAPES]), RetargetOptions(symmetry=0, shrinkage=0, caution=0)
    ).to_arkit(noisy)
    assert np.abs(bare[:, left] - bare[:, right]).max() > 0.3, "without the terms it isn't"


def test_a_persons_own_rest_may_count_as_rest(good: FlameMap) -> None:
    motion = np.zeros((9, 61), np.float32)
    motion[4, Column.mouthSmileLeft] = 0.8
    retargeting = FlameRetargeting(good, EXACT)
    flame = retargeting.to_flame(motion)
    identity = np.random.default_rng(0).normal(size=50).astype(np.float32)
    leaked = FlameMotion(flame.expression + identity, flame.jaw, flame.neck)
    assert retargeting.to_arkit(leaked)[0].max() > 0.05
    rested = FlameRetargeting(good, EXACT.model_copy(update={"neutral": "median"})).to_arkit(leaked)
    np.testing.assert_allclose(rested, motion, atol=1e-3)


def test_mediapipes_order_is_by_name_after_neutral_and_without_the_tongue() -> None:
    assert MEDIAPIPE[:4] == ("_neutral", "browDownLeft", "browDownRight", "browInnerUp")
    assert MEDIAPIPE[25] == "jawOpen" and MEDIAPIPE[-1] == "noseSneerRight" and len(MEDIAPIPE) == 52


class TestMapFiles:
    def folder(self, path: Path, names: tuple[str, ...] = NAMES[:SHAPES]) -> Path:
        expression, jaw = arrays()
        order = [NAMES.index(name) if name in NAMES else 51 for name in names]
        np.save(path / "bs2exp.npy", np.hstack([expression[order], np.ones((52, 50), np.float32)]))
        np.save(path / "bs2jaw.npy", jaw[order])
        return path

    def test_rows_are_put_right_by_the_order_told(self, good: FlameMap, tmp_path: Path) -> None:
        read = load_flame_map(self.folder(tmp_path, MEDIAPIPE), "mediapipe")
        assert not read.known[Column.tongueOut] and read.known.sum() == 51
        np.testing.assert_array_equal(read.expression[:51], good.expression[:51])
        np.testing.assert_array_equal(read.jaw[:51], good.jaw[:51])
        assert not read.expression[51].any()

    def test_names_beside_the_arrays_make_an_order_needless(self, good: FlameMap, tmp_path: Path) -> None:
        folder = self.folder(tmp_path, MEDIAPIPE)
        (folder / "names.txt").write_text("\n".join(MEDIAPIPE))
        np.testing.assert_array_equal(load_flame_map(folder).jaw[:51], good.jaw[:51])

    def test_an_npz_may_hold_all_of_it(self, good: FlameMap, tmp_path: Path) -> None:
        expression, jaw = arrays()
        np.savez(tmp_path / "map.npz", expression=expression[::-1], jaw=jaw[::-1], names=NAMES[:SHAPES][::-1])
        np.testing.assert_array_equal(load_flame_map(tmp_path / "map.npz").expression, good.expression)

    def test_an_order_that_nobody_tells_is_asked_for(self, tmp_path: Path) -> None:
        with pytest.raises(
            RetargetError, match="doesn't name its rows; tell their order: mediapipe or arkit"
        ):
            load_flame_map(self.folder(tmp_path))

    @pytest.mark.parametrize(
        ("file", "array", "complaint"),
        [
            ("bs2exp.npy", np.zeros((52, 49), np.float32), r"shape \(52, 49\); \(52, 50 or more\) is due"),
            ("bs2exp.npy", np.zeros((51, 50), np.float32), r"shape \(51, 50\)"),
            ("bs2jaw.npy", np.zeros((52, 6), np.float32), r"shape \(52, 6\); \(52, 3\) is due"),
            ("bs2jaw.npy", np.full((52, 3), np.nan, np.float32), "aren't finite"),
            ("bs2jaw.npy", np.zeros((52, 3), np.int64), "floating-point"),
        ],
    )
    def test_arrays_that_do_not_fit_are_refused(
        self, file: str, array: np.ndarray, complaint: str, tmp_path: Path
    ) -> None:
        np.save(self.folder(tmp_path) / file, array)
        with pytest.raises(RetargetError, match=complaint):
            load_flame_map(tmp_path, "arkit")

    def test_what_is_missing_or_misnamed_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(RetargetError, match="no such file or folder"):
            load_flame_map(tmp_path / "map.npz")
        with pytest.raises(RetargetError, match="a map's folder holds bs2exp"):
            load_flame_map(tmp_path)
        folder = self.folder(tmp_path)
        (folder / "names.txt").write_text("\n".join(["jawOpne", *NAMES[1:SHAPES]]))
        with pytest.raises(RetargetError, match="names jawOpne, which aren't ARKit's shapes"):
            load_flame_map(folder)
        (folder / "names.txt").write_text("\n".join(["jawOpen", *NAMES[1:SHAPES]]))
        with pytest.raises(RetargetError, match="names 1 shapes twice"):
            load_flame_map(folder)


class TestFlameFiles:
    def test_motion_comes_back(self, exact: FlameRetargeting, tmp_path: Path) -> None:
        flame = exact.to_flame(some_motion(4))
        write_flame_npz(tmp_path / "flame.npz", flame)
        with np.load(tmp_path / "flame.npz") as archive:
            np.testing.assert_array_equal(archive["pose"][:, :3], flame.neck)
        np.testing.assert_array_equal(read_flame_npz(tmp_path / "flame.npz").flame56, flame.flame56)

    @pytest.mark.parametrize(
        ("arrays_", "complaint"),
        [
            ({"exp": np.zeros((3, 50), np.float32)}, "no npz with FLAME motion"),
            ({"exp": np.zeros((3, 50), np.float32), "pose": np.zeros((3, 3), np.float32)}, "are due"),
            (
                {"exp": np.zeros((3, 50), np.float32), "pose": np.zeros((2, 6), np.float32)},
                r"jaw has shape \(2, 3\)",
            ),
            (
                {"exp": np.zeros((3, 100), np.float32), "pose": np.zeros((3, 6), np.float32)},
                r"expression has shape",
            ),
            (
                {"exp": np.zeros((3, 50), np.float32), "pose": np.full((3, 6), np.inf, np.float32)},
                "is inf in frame 0",
            ),
            ({"exp": np.zeros((0, 50), np.float32), "pose": np.zeros((0, 6), np.float32)}, "is due"),
        ],
    )
    def test_what_is_no_flame_motion_is_refused(
        self, arrays_: dict[str, np.ndarray], complaint: str, tmp_path: Path
    ) -> None:
        np.savez(tmp_path / "a.npz", **arrays_)  # type: ignore[arg-type]
        with pytest.raises(RetargetError, match=complaint):
            read_flame_npz(tmp_path / "a.npz")


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ValidationError, match="symetry"):
        RetargetOptions.model_validate({"symetry": 1})


@pytest.mark.slow
def test_a_real_persons_jaw_survives_a_real_map(
    shared_data: Path, record_property: pytest.RecordProperty
) -> None:
    """A tracked conversation with a map fitted to tracked faces: neither is exact, the jaw must be right."""
    (clip,) = (shared_data / "dualtalk_clip").glob("*.npz")
    flame = read_flame_npz(clip)
    retargeting = FlameRetargeting(load_flame_map(shared_data / "flame_map", "mediapipe"))
    motion = retargeting.to_arkit(flame)
    again = retargeting.to_flame(motion)
    validate(motion)
    lost = np.var(flame.expression - again.expression, axis=0).sum() / np.var(flame.expression, axis=0).sum()
    jaw = float(np.corrcoef(again.jaw[:, 0], flame.jaw[:, 0])[0, 1])
    opening = float(np.corrcoef(motion[:, Column.jawOpen], flame.jaw[:, 0])[0, 1])
    record_property("expression_variance_kept", 1 - float(lost))
    record_property("jaw_correlation", jaw)
    record_property("jaw_open_correlation", opening)
    print(f"expression variance kept {1 - lost:.2f}, jaw {jaw:.3f}, jawOpen against jaw {opening:.3f}")
    assert jaw > 0.98 and opening > 0.7 and lost < 0.7
    np.testing.assert_allclose(again.neck, flame.neck, atol=1e-5)
