"""Sound to features at the face's frame rate, by wav2vec2 as DualTalk uses it."""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor
from torch.nn import functional
from transformers import Wav2Vec2Model

from avatar.animator import FRAME_SAMPLES
from avatar.motion import MotionError

EPSILON = 1e-7  # added to the variance, as the Wav2Vec2 processor does


def frames_of(samples: int) -> int:
    """Frames of 40 ms that cover so many samples at 16 kHz, the last one perhaps in part."""
    return ceil(samples / FRAME_SAMPLES)


def normalise(audio: Tensor) -> Tensor:
    """Each clip of (batch, samples) brought to zero mean and unit variance, in float32 or better."""
    audio = audio.to(torch.promote_types(audio.dtype, torch.float32))
    variance = audio.var(dim=-1, correction=0, keepdim=True)
    return (audio - audio.mean(dim=-1, keepdim=True)) / torch.sqrt(variance + EPSILON)


def shortest(encoder: Wav2Vec2Model) -> int:
    """Fewest samples from which the convolutions make one feature."""
    samples = 1
    config = encoder.config
    for kernel, stride in zip(reversed(config.conv_kernel), reversed(config.conv_stride), strict=True):
        samples = (samples - 1) * stride + kernel
    return samples


def encode(encoder: Wav2Vec2Model, audio: Tensor, frames: int) -> Tensor:
    """Features (batch, frames, hidden size) of normalised sound (batch, samples).

    The extractor's output (50 a second) is interpolated to ``frames``, first and last kept, *before* the
    feature projection and the transformer. SpecAugment plays no part: its parameter is only carried along.
    Raises ``MotionError`` for sound too short for a single feature.
    """
    if audio.shape[-1] < shortest(encoder):
        raise MotionError(f"sound has {audio.shape[-1]} samples; wav2vec2 needs {shortest(encoder)} or more")
    extracted = encoder.feature_extractor(audio)
    resampled = functional.interpolate(extracted, size=frames, mode="linear", align_corners=True)
    projected, _ = encoder.feature_projection(resampled.transpose(1, 2))
    encoded: Tensor = encoder.encoder(projected).last_hidden_state
    return encoded
