"""Heads as glTF 2.0 binaries: what they hold, and how they are read and written."""

from avatar.gltf.model import HeadError, HeadModel, Material, Part
from avatar.gltf.read import read_head
from avatar.gltf.write import head_bytes, write_head

__all__ = ["HeadError", "HeadModel", "Material", "Part", "head_bytes", "read_head", "write_head"]
