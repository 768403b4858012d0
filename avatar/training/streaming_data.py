"""What the streaming model is trained on: stretches of dyads, each party in turn being the agent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from avatar.animator import FloatArray
from avatar.streaming.mel import band_centres
from avatar.streaming.model import Inputs, StreamingDualTalk
from avatar.streaming.normalisation import LIMIT
from avatar.streaming.state import OVER
from avatar.training.dyads.dyad import Dyad

Half = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class HeardDyad:
    """A dyad as the model hears it: ``mel`` float16 (2, frames, 4, bands); the rest as in ``Dyad``."""

    mel: Half
    motion: Half
    onsets: FloatArray
    holds_floor: NDArray[np.bool_]
    valence: FloatArray

    @property
    def frames(self) -> int:
        """Length in frames of 40 ms."""
        return int(self.motion.shape[1])


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs and what should come out: ``motion`` (batch, frames, dim), ``began`` (batch, frames, gestures),
    the signed strengths of gestures at their onsets; which frames count, and in which the model is given its
    own last frame instead of the true one, both (batch, frames).
    """

    inputs: Inputs
    motion: Tensor
    began: Tensor
    counts: Tensor
    feedback: Tensor

    def __len__(self) -> int:
        return len(self.motion)

    def to(self, device: torch.device | str) -> Batch:
        """The same on a device."""
        inputs = Inputs(*(getattr(self.inputs, field.name).to(device) for field in fields(Inputs)))
        others = (self.motion, self.began, self.counts, self.feedback)
        return Batch(inputs, *(tensor.to(device) for tensor in others))


class SamplingConfig(BaseModel):
    """How stretches are drawn; a frame is 40 ms."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    frames: int = Field(default=225, ge=2, description="Length of a stretch, frames.")
    warm_up: int = Field(default=25, ge=0, description="Frames at its beginning that don't count.")
    known_motion: float = Field(
        default=0.5, ge=0, le=1, description="Share of stretches in which the partner's motion is given."
    )
    known_floor: float = Field(
        default=0.5, ge=0, le=1, description="Share in which it is given who holds the floor."
    )
    tilt: float = Field(
        default=0.25, ge=0, description="Random slope of a voice's spectrum, in the units that are heard."
    )
    tract: float = Field(
        default=0.08,
        ge=0,
        lt=0.5,
        description="Most by which a voice's frequencies are stretched, as a longer or shorter vocal tract "
        "would (Jaitly & Hinton 2013), as a share.",
    )
    noise: float = Field(
        default=0.05, ge=0, description="Noise on the agent's own last frame, in standard deviations."
    )
    feedback: float = Field(
        default=0.7,
        ge=0,
        le=1,
        description="Share of frames given the model's own last frame, from the middle of the training on; "
        "it rises to that from 0.",
    )


def heard(model: StreamingDualTalk, dyads: Iterable[Dyad]) -> Iterator[HeardDyad]:
    """Each dyad with its sound turned into what the model hears."""
    for dyad in dyads:
        with torch.inference_mode():
            mel = model.hear(torch.from_numpy(dyad.pcm))
        yield HeardDyad(
            mel.numpy().astype(np.float16),
            dyad.motion.astype(np.float16),
            dyad.onsets,
            dyad.holds_floor,
            dyad.valence,
        )


def draw(
    dyads: list[HeardDyad],
    count: int,
    look_ahead: tuple[int, int],
    config: SamplingConfig,
    feedback: float,
    rng: np.random.Generator,
) -> Batch:
    """``count`` random stretches; ``look_ahead`` frames of the agent's and the user's sound.

    ``feedback`` is the share of frames in which the model is given its own last frame.
    """
    rows = []
    for _ in range(count):
        dyad = dyads[int(rng.integers(len(dyads)))]
        margin = max(look_ahead)
        start = int(rng.integers(0, max(1, dyad.frames - margin - config.frames + 1)))
        rows.append(_stretch(dyad, int(rng.integers(2)), start, look_ahead, config, rng))
    columns = [torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)]
    agent, user, theirs, known, style, own, since, strength, motion, began, counts = columns
    own_frames = torch.from_numpy(rng.random(counts.shape) < feedback)
    inputs = Inputs(agent, user, theirs, known, style, own, since, strength)
    return Batch(inputs, motion, began, counts, own_frames)


def _stretch(
    dyad: HeardDyad,
    side: int,
    start: int,
    look_ahead: tuple[int, int],
    config: SamplingConfig,
    rng: np.random.Generator,
) -> tuple[NDArray[np.generic], ...]:
    end = start + config.frames
    if end + max(look_ahead) > dyad.frames:
        raise ValueError(
            f"a dyad of {dyad.frames} frames is too short for stretches of {config.frames} and a look-ahead "
            f"of {max(look_ahead)}; make longer dyads or shorter stretches"
        )
    other = 1 - side
    agent = _another_voice(dyad.mel[side, start + look_ahead[0] : end + look_ahead[0]], config, rng)
    user = _another_voice(dyad.mel[other, start + look_ahead[1] : end + look_ahead[1]], config, rng)
    motion = dyad.motion[side, start:end].astype(np.float32)
    theirs = dyad.motion[other, start:end].astype(np.float32)
    known = np.full(config.frames, rng.random() < config.known_motion)
    if known[0] and rng.random() < 0.3:  # lost for a while, or found
        known[: int(rng.integers(config.frames))] = False
    style = np.zeros((config.frames, 4), np.float32)
    style[:, 0] = dyad.valence[side, start:end]
    if rng.random() < config.known_floor:
        style[:, 1] = dyad.holds_floor[side, start:end]
        style[:, 2] = dyad.holds_floor[other, start:end]
        style[:, 3] = 1
    before = dyad.motion[side, start - 1].astype(np.float32) if start else np.zeros_like(motion[0])
    own = np.concatenate((before[None], motion[:-1]))
    own += config.noise * motion.std(axis=0) * rng.standard_normal(own.shape).astype(np.float32)
    began = dyad.onsets[side, start:end]
    since, strength = under_way(dyad.onsets[side, :end])
    counts = np.ones(config.frames, bool)
    if start:
        counts[: config.warm_up] = False
    return (
        agent,
        user,
        theirs,
        known,
        style,
        own,
        since[start:],
        strength[start:],
        motion,
        began.astype(np.float32),
        counts,
    )


def _another_voice(mel: Half, config: SamplingConfig, rng: np.random.Generator) -> FloatArray:
    """Another mouth and microphone, float32: frequencies stretched, the spectrum bent by slope and curve."""
    stretched = _stretched(mel.astype(np.float32), 1 + config.tract * (2 * rng.random() - 1))
    place = np.linspace(-1, 1, mel.shape[-1], dtype=np.float32)
    slope, curve = config.tilt * rng.standard_normal(2)
    bent = stretched + slope * place + curve * (place**2 - 1 / 3)
    return np.asarray(bent.clip(-LIMIT, LIMIT), dtype=np.float32)


def _stretched(mel: FloatArray, ratio: float) -> FloatArray:
    """Bands (..., bands) whose frequencies are multiplied by ``ratio``; beyond the last, the last goes on."""
    hertz = band_centres(mel.shape[-1])
    at = np.interp(hertz / ratio, hertz, np.arange(len(hertz)))
    below = np.minimum(at.astype(int), len(hertz) - 2)
    share = (at - below).astype(np.float32)
    return np.asarray((1 - share) * mel[..., below] + share * mel[..., below + 1])


def under_way(onsets: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """For each frame of ``onsets`` (frames, gestures): frames since the last onset, and its strength."""
    frames = np.arange(len(onsets))[:, None]
    last = np.maximum.accumulate(np.where(onsets != 0, frames, -OVER), axis=0)
    since = np.minimum(frames - last, OVER)
    strength = np.take_along_axis(onsets, np.maximum(last, 0), axis=0) * (last >= 0)
    return since.astype(np.int64), strength.astype(np.float32)
