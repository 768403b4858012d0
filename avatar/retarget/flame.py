"""FLAME-56 to ARKit and back: shapes by bounded least squares against a linear map, the head by its neck.

FLAME-56 is 50 expression coefficients, the jaw's and the neck's rotation vector. FLAME has no lids and no
gaze of its own: what the map can't tell stays at rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.linalg import qr
from scipy.optimize import lsq_linear
from scipy.spatial.transform import Rotation

from avatar.animator import FloatArray
from avatar.motion import COLUMNS, HEAD, NAMES, SHAPES, clip, validate
from avatar.retarget.flame_map import EXPRESSIONS, JAW, FlameMap, RetargetError

Solution = NDArray[np.float64]


class RetargetOptions(BaseModel):
    """How FLAME is fitted by shapes; all terms are squared and summed over one frame."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    jaw_weight: float = Field(
        40.0, gt=0, description="Worth of 1 radian of the jaw, in FLAME expression coefficients."
    )
    symmetry: float = Field(
        1.0, ge=0, description="Cost of a difference of 1 between a left and its right shape, coefficients."
    )
    shrinkage: float = Field(
        0.5, ge=0, description="Cost of a weight of 1, coefficients: what isn't needed stays at 0."
    )
    caution: float = Field(
        0.2,
        ge=0,
        description="More cost for shapes that the map moves far, as a share of how far: such rows are "
        "usually badly known.",
    )
    longest: float = Field(
        1.5,
        gt=0,
        description="Most that a shape at weight 1 moves, both ways, in medians of the map's rows: a longer "
        "row, fitted to scores that hardly varied, is scaled down to that. inf: rows as they are.",
    )
    neutral: Literal["zero", "median"] = Field(
        "zero",
        description="Which FLAME expression is a face at rest: all coefficients 0, or the motion's own "
        "median, for tracked people whose identity has leaked into their expression.",
    )


@dataclass(frozen=True, eq=False)
class FlameMotion:
    """FLAME-56 over time, float32: ``expression`` (T, 50); ``jaw`` and ``neck`` (T, 3), rotation vectors.

    Raises ``RetargetError`` for other shapes and numbers that aren't finite.
    """

    expression: FloatArray
    jaw: FloatArray
    neck: FloatArray

    def __post_init__(self) -> None:
        frames = len(self.expression)
        for name, values, width in (
            ("expression", self.expression, EXPRESSIONS), ("jaw", self.jaw, JAW), ("neck", self.neck, 3),
        ):  # fmt: skip
            if not frames or values.shape != (frames, width):
                raise RetargetError(
                    f"FLAME {name} has shape {values.shape}; ({frames or 'T'}, {width}) is due"
                )
            bad = np.argwhere(~np.isfinite(values))
            if bad.size:
                raise RetargetError(f"FLAME {name} is {values[tuple(bad[0])]} in frame {bad[0][0]}")

    @property
    def flame56(self) -> FloatArray:
        """All of it in one array (T, 56): expression, jaw, neck."""
        return np.concatenate([self.expression, self.jaw, self.neck], axis=1)


class FlameRetargeting:
    """Turns motion between ARKit and FLAME by one map."""

    def __init__(self, flame_map: FlameMap, options: RetargetOptions | None = None) -> None:
        self.options = options or RetargetOptions()
        # FLAME has no gaze: what a map says of it is what lids and brows did beside it.
        looks = np.array([name.startswith("eyeLook") for name in NAMES[:SHAPES]])
        self._used = np.flatnonzero(flame_map.known & ~looks)
        share = self._within(flame_map.expression[self._used])
        self._expression = share * flame_map.expression[self._used]
        self._jaw = share * flame_map.jaw[self._used]
        both = np.hstack([self._expression, self.options.jaw_weight * self._jaw])
        system = np.vstack([both.T, self._symmetry(), self._shrinkage(both)])
        # Only the part of the right side that the system can reach matters, so the system may be made square.
        q, self._system = qr(system, mode="economic")
        self._project: NDArray[np.float64] = q[: both.shape[1]].T

    def to_flame(self, motion: FloatArray) -> FlameMotion:
        """FLAME of motion (T, 61): the map's sum of the shapes but gaze, the neck from the head's angles.

        Raises ``MotionError`` for motion that isn't valid.
        """
        frames = np.atleast_2d(np.asarray(motion, dtype=np.float32))
        validate(frames)
        weights = frames[:, self._used].astype(np.float64)
        neck = Rotation.from_euler("YXZ", frames[:, HEAD]).as_rotvec()
        return FlameMotion(
            (weights @ self._expression).astype(np.float32),
            (weights @ self._jaw).astype(np.float32),
            neck.astype(np.float32),
        )

    def to_arkit(self, flame: FlameMotion) -> FloatArray:
        """Motion (T, 61) of FLAME, frame by frame; eyes look ahead, since FLAME doesn't say where.

        The neck's rotation becomes intrinsic yaw, pitch, roll; beyond 90 degrees it is limited.
        """
        motion = np.zeros((len(flame.expression), COLUMNS), dtype=np.float32)
        expression = flame.expression.astype(np.float64)
        if self.options.neutral == "median":
            expression = expression - np.median(expression, axis=0)
        due = np.hstack([expression, self.options.jaw_weight * flame.jaw])
        reached = due @ self._project.T
        for frame, right_side in enumerate(reached):
            motion[frame, self._used] = self._fit(right_side)
        motion[:, HEAD] = Rotation.from_rotvec(flame.neck).as_euler("YXZ")
        return clip(motion)

    def _within(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each row (shapes, coefficients) is multiplied by, (shapes, 1), so that none is too long."""
        far = np.linalg.norm(rows, axis=1, keepdims=True)
        some = far[far > 0]
        most = self.options.longest * np.median(some) if len(some) else np.inf
        return np.asarray(np.minimum(1.0, most / np.maximum(far, 1e-12)))

    def _fit(self, right_side: Solution) -> Solution:
        fitted: Any = lsq_linear(self._system, right_side, bounds=(0.0, 1.0), method="bvls", tol=1e-8)
        if fitted.status < 0:
            raise RetargetError(f"a frame couldn't be fitted: {fitted.message}")
        return np.asarray(fitted.x)

    def _symmetry(self) -> NDArray[np.float64]:
        """One row for each pair; jawLeft and mouthLeft exclude their partners and are no pairs."""
        names = [NAMES[index] for index in self._used]
        rows = []
        for index, name in enumerate(names):
            partner = name.removesuffix("Left") + "Right"
            if name.endswith("Left") and name not in ("jawLeft", "mouthLeft") and partner in names:
                row = np.zeros(len(names))
                row[index], row[names.index(partner)] = 1, -1
                rows.append(row)
        return self.options.symmetry * np.array(rows).reshape(-1, len(names))

    def _shrinkage(self, both: NDArray[np.float64]) -> NDArray[np.float64]:
        far = np.linalg.norm(both, axis=1)
        return np.diag(self.options.shrinkage + self.options.caution * far)
