"""Motion from and to other motion spaces: FLAME, by a linear map that the user brings."""

from __future__ import annotations

from avatar.retarget.flame import FlameMotion, FlameRetargeting, RetargetOptions
from avatar.retarget.flame_files import is_flame_npz, read_flame_npz, write_flame_npz
from avatar.retarget.flame_map import FlameMap, RetargetError, load_flame_map

__all__ = [
    "FlameMap",
    "FlameMotion",
    "FlameRetargeting",
    "RetargetError",
    "RetargetOptions",
    "is_flame_npz",
    "load_flame_map",
    "read_flame_npz",
    "write_flame_npz",
]
