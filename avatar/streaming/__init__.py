"""Streaming DualTalk: a causal model of a face in conversation, frame by frame."""

from __future__ import annotations

from avatar.streaming.config import StreamingConfig
from avatar.streaming.model import Inputs, Outputs, StreamingDualTalk

__all__ = ["Inputs", "Outputs", "StreamingConfig", "StreamingDualTalk"]
