"""Between the motion a DualTalk moves in and ours: FLAME-56 by the user's map, ARKit-61 as it is."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.dualtalk.config import FLAME
from avatar.dualtalk.weight_files import CheckpointError
from avatar.motion import COLUMNS, clip
from avatar.retarget import FlameMotion, FlameRetargeting, RetargetError
from avatar.retarget.flame_map import EXPRESSIONS, JAW


class Space(Protocol):
    """A model's motion space, as the live animator needs it."""

    columns: int
    has_eyes: bool  # whether its motion moves lids and eyes

    def inward(self, motion: FloatArray) -> FloatArray:
        """A frame of ours (61,) as the model's (columns,)."""
        ...

    def outward(self, frames: FloatArray) -> FloatArray:
        """Frames of the model (n, columns) as ours (n, 61), within their ranges."""
        ...


class FlameSpace:
    """FLAME-56 through a map: expression, jaw, neck."""

    columns = FLAME
    has_eyes = False

    def __init__(self, retargeting: FlameRetargeting) -> None:
        self._retargeting = retargeting

    def inward(self, motion: FloatArray) -> FloatArray:
        """A frame of ours (61,) as FLAME (56,); values out of range are clipped first."""
        flame: FloatArray = self._retargeting.to_flame(clip(motion)).flame56[0]
        return flame

    def outward(self, frames: FloatArray) -> FloatArray:
        """FLAME (n, 56) as ours (n, 61), a bounded fit each; eyes look ahead."""
        jaw, neck = EXPRESSIONS, EXPRESSIONS + JAW
        flame = FlameMotion(frames[:, :jaw], frames[:, jaw:neck], frames[:, neck:])
        return self._retargeting.to_arkit(flame)


class ArkitSpace:
    """Our own 61 columns, for a DualTalk that was trained on them."""

    columns = COLUMNS
    has_eyes = True

    def inward(self, motion: FloatArray) -> FloatArray:
        """The frame itself."""
        return motion

    def outward(self, frames: FloatArray) -> FloatArray:
        """The frames, clipped into range."""
        return clip(frames)


def space_of(columns: int, retargeting: FlameRetargeting | None) -> Space:
    """The space of a model that moves so many columns.

    Raises ``RetargetError`` for FLAME without a map, and ``CheckpointError`` for widths of neither space.
    """
    if columns == COLUMNS:
        return ArkitSpace()
    if columns != FLAME:
        raise CheckpointError(
            f"the model moves {columns} columns; live faces need {FLAME} (FLAME) or {COLUMNS} (ARKit)"
        )
    if retargeting is None:
        raise RetargetError(
            "the model moves FLAME and faces here are ARKit: give flame_map, a folder with bs2exp.npy and "
            "bs2jaw.npy or an npz (and window.flame_map_order where it doesn't name its rows)"
        )
    return FlameSpace(retargeting)


def finite_rows(frames: FloatArray) -> NDArray[np.bool_]:
    """Which of (n, columns) hold only finite numbers, (n,); half precision can overflow."""
    return np.asarray(np.isfinite(frames).all(axis=1))
