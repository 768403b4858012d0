"""A small streaming model with random weights, the same for every test."""

from __future__ import annotations

import pytest
import torch

from avatar.streaming import StreamingConfig, StreamingDualTalk

SMALL = StreamingConfig(
    feature_dim=16, encoder_dim=(12, 12), mel_bands=16, motion_window=5, context=12, gesture_frames=10
)


@pytest.fixture(scope="session")
def model() -> StreamingDualTalk:
    torch.manual_seed(0)
    small = StreamingDualTalk(SMALL).eval()
    with torch.no_grad():
        for parameter in small.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))  # biases and ages too
            parameter.requires_grad_(False)
    return small
