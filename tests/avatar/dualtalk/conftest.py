"""A DualTalk small enough for tests, with weights large enough that every one of them matters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from transformers import Wav2Vec2Config

from avatar.dualtalk import DualTalk, DualTalkConfig
from avatar.motion import NAMES, SHAPES
from avatar.retarget import FlameMap, FlameRetargeting

Make = Callable[..., DualTalk]


def small_encoder(**changes: object) -> Wav2Vec2Config:
    """The official encoders' architecture at a fraction of their sizes."""
    sizes: dict[str, object] = {
        "hidden_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 40,
        "conv_dim": (12,) * 7,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 4,
        "feat_extract_norm": "layer",
        "conv_bias": True,
        "do_stable_layer_norm": True,
    }
    return Wav2Vec2Config(**{**sizes, **changes})


GAINS = {"in_proj": 2.5, "lstm": 3.0, "out_proj": 0.5, "linear2": 0.3}
"""Attention that chooses instead of averaging, and residual paths that aren't drowned: with random weights of
one size, all frames would come out alike, and no test could see what happens over time.
"""


def lively(model: DualTalk, seed: int) -> DualTalk:
    """Weights that keep signals of size 1 at size 1, and frames different from each other."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=random)
            if weight.ndim == 1:
                scale = name.endswith(("norm.weight", "norm1.weight", "norm2.weight", "norm3.weight"))
                weight.copy_((1.0 if scale else 0.0) + 0.1 * noise)
            elif name.endswith("original0"):
                weight.copy_(2 + 0.3 * noise)
            else:
                gain = next((gain for part, gain in GAINS.items() if part in name), 1.0)
                weight.copy_(gain * noise / weight[0].numel() ** 0.5)
    return model.eval()


def chirps(samples: int, batch: int, seed: int) -> torch.Tensor:
    """Sound (batch, samples) whose pitch and loudness change every 40 ms."""
    random = torch.Generator().manual_seed(seed)
    frames = -(-samples // 640)
    loud, pitch = torch.rand(2, batch, frames, generator=random).repeat_interleave(640, dim=2)[..., :samples]
    phase = 2 * torch.pi * torch.cumsum((100 + 3000 * pitch) / 16000, dim=1)
    return 0.3 * loud**2 * torch.sin(phase) + 0.01 * torch.randn(batch, samples, generator=random) + 0.02


@pytest.fixture(scope="session")
def make() -> Make:
    """A small DualTalk by its motion's columns, seed, and changes to its encoders."""

    def build(columns: int = 56, seed: int = 0, **encoder: object) -> DualTalk:
        config = DualTalkConfig(
            blendshape_dim=columns, feature_dim=16, audio_encoder=small_encoder(**encoder)
        )
        return lively(DualTalk(config), seed)

    return build


@pytest.fixture(scope="session")
def flame_map() -> FlameMap:
    """A well-conditioned map: every shape moves FLAME its own way."""
    random = np.random.default_rng(3)
    basis, _ = np.linalg.qr(random.normal(size=(53, 53)))
    rows = (basis[:SHAPES] * random.uniform(3, 4, size=(SHAPES, 1))).astype(np.float32)
    return FlameMap.of(rows[:, :50], rows[:, 50:] / 10, NAMES[:SHAPES])


@pytest.fixture(scope="session")
def retargeting(flame_map: FlameMap) -> FlameRetargeting:
    return FlameRetargeting(flame_map)
