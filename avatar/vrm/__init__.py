"""VRM 1.0: which expressions a model has, motion as their weights, and animations that VRM apps load."""

from avatar.vrm.animation import vrm_animation_bytes, write_vrm_animation
from avatar.vrm.expressions import expression_weights
from avatar.vrm.model import PRESETS_ONLY, VrmModel, read_vrm

__all__ = [
    "PRESETS_ONLY",
    "VrmModel",
    "expression_weights",
    "read_vrm",
    "vrm_animation_bytes",
    "write_vrm_animation",
]
