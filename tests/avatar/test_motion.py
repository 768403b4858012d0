"""The motion space: names, ranges, and errors that say what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from avatar import NAMES, Column, MotionClip, MotionError
from avatar.motion import ARKIT, ARTICULATORS, clip, neutral, validate


def test_the_space_has_the_61_names_in_live_link_order() -> None:
    assert len(NAMES) == len(set(NAMES)) == 61
    assert NAMES[0] == "eyeBlinkLeft" and NAMES[7] == "eyeBlinkRight"
    assert NAMES[14:18] == ("jawForward", "jawLeft", "jawRight", "jawOpen")
    assert NAMES[51:55] == ("tongueOut", "headYaw", "headPitch", "headRoll")
    assert NAMES[60] == "rightEyeRoll"


def test_columns_are_found_by_name() -> None:
    assert Column.jawOpen == 17
    assert Column["headPitch"] == NAMES.index("headPitch")


def test_a_neutral_face_is_valid() -> None:
    validate(neutral())


def test_shapes_run_from_0_to_1_and_rotations_both_ways() -> None:
    assert ARKIT.low[Column.jawOpen] == 0 and ARKIT.high[Column.jawOpen] == 1
    assert ARKIT.low[Column.headYaw] == -ARKIT.high[Column.headYaw] < -1


@pytest.mark.parametrize("value", [1.2, -0.1, np.nan, np.inf])
def test_a_value_out_of_range_is_named_with_its_column(value: float) -> None:
    motion = neutral()
    motion[Column.jawOpen] = value
    with pytest.raises(MotionError, match=rf"jawOpen is {value:g} in frame 0"):
        validate(motion)


def test_the_offending_frame_of_a_sequence_is_named() -> None:
    motion = np.zeros((5, 61), np.float32)
    motion[3, Column.headYaw] = 2.0
    with pytest.raises(MotionError, match="headYaw is 2 in frame 3"):
        validate(motion)


@pytest.mark.parametrize("shape", [(60,), (2, 2, 61), (0,)])
def test_a_wrong_shape_is_told(shape: tuple[int, ...]) -> None:
    with pytest.raises(MotionError, match="has shape"):
        validate(np.zeros(shape, np.float32))


def test_clipping_makes_any_finite_motion_valid() -> None:
    wild = np.random.default_rng(0).normal(0, 3, (20, 61)).astype(np.float32)
    validate(clip(wild))


def test_articulators_leave_smiles_to_expression() -> None:
    assert Column.jawOpen in ARTICULATORS
    assert Column.mouthSmileLeft not in ARTICULATORS


def test_a_clip_needs_rising_frame_indices() -> None:
    motion = np.zeros((3, 61), np.float32)
    with pytest.raises(MotionError, match="rise"):
        MotionClip.of(motion, np.array([0, 2, 2]))
    with pytest.raises(MotionError, match="T >= 1"):
        MotionClip.of(motion[:0])
