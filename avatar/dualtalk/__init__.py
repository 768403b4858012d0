"""DualTalk, the paper's model exactly: whole clips, official checkpoints, and live over a sliding window."""

from __future__ import annotations

from avatar.dualtalk.animator import WindowedDualTalk
from avatar.dualtalk.checkpoint import load_checkpoint, save_checkpoint
from avatar.dualtalk.config import DualTalkConfig, official_encoder
from avatar.dualtalk.model import DualTalk
from avatar.dualtalk.weight_files import CheckpointError

__all__ = [
    "CheckpointError",
    "DualTalk",
    "DualTalkConfig",
    "WindowedDualTalk",
    "load_checkpoint",
    "official_encoder",
    "save_checkpoint",
]
