"""Heads as glTF 2.0 binaries: what they hold, how they are read and written, and motion baked into them."""

from avatar.gltf.bake import bake, write_animation
from avatar.gltf.model import HeadError, HeadModel, Material, Part
from avatar.gltf.read import read_head
from avatar.gltf.write import head_bytes, write_head

__all__ = [
    "HeadError",
    "HeadModel",
    "Material",
    "Part",
    "bake",
    "head_bytes",
    "read_head",
    "write_animation",
    "write_head",
]
